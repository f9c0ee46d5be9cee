import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore
@testable import Schema

/// Agents of this version send and take without pause while a newer one migrates their database, again and again.
@Suite("An upgrade stops nobody and loses nothing", .timeLimit(.minutes(10)), .serialized)
struct UpgradeTests {
  @Test func agentsWaitForLessThanASecond() async throws {
    let agents = try await WorkingAgents(on: Servers.database())
    try await agents.work { try await agents.upgrade() }
    agents.expectNothingLostDoubledOrHeldUp()
    let newcomer = try PostgresStore.postgres(agents.database.url)
    #expect(await refusal { try await newcomer.unreadCounts(for: .code) }?.code == .storeTooNew)
    await newcomer.close()
  }

  /// Whoever reads a table for long, as pg_dump does, holds up the migration, and the migration nobody else.
  @Test func agentsDoNotQueueBehindAMigrationThatWaits() async throws {
    let agents = try await WorkingAgents(on: Servers.database())
    let dump = try await PostgresConnection.connect(ConnectionSettings(agents.database.url))
    try await agents.work {
      try await dump.execute("BEGIN; LOCK TABLE cowork_bridge.messages, cowork_bridge.leases IN ACCESS SHARE MODE")
      async let upgrade: Void = agents.upgrade()
      await agents.sends(300)
      try await dump.execute("COMMIT")
      try await upgrade
    }
    await dump.close()
    agents.expectNothingLostDoubledOrHeldUp()
  }

  /// What the other tests measure tells a migration that keeps its locks for long.
  @Test func aMigrationWithALongStatementIsSeen() async throws {
    let agents = try await WorkingAgents(on: Servers.database())
    try await agents.work { try await agents.upgrade(versions: 1, "SELECT pg_sleep(6);") }
    agents.expectNothingLostOrDoubled()
    #expect(agents.areHeldUp)
  }

  /// And one that waits for its lock without an end, while others queue behind it.
  @Test func aMigrationThatDoesNotGiveUpItsTurnIsSeen() async throws {
    let agents = try await WorkingAgents(on: Servers.database())
    let (dump, old) = (
      try await PostgresConnection.connect(ConnectionSettings(agents.database.url)),
      try await PostgresConnection.connect(ConnectionSettings(agents.database.url))
    )
    try await agents.work {
      try await dump.execute("BEGIN; LOCK TABLE cowork_bridge.messages IN ACCESS SHARE MODE")
      async let upgrade = old.execute("BEGIN; LOCK TABLE cowork_bridge.messages; COMMIT")
      try await dump.execute("SELECT pg_sleep(6); COMMIT")
      _ = try await upgrade
    }
    for connection in [dump, old] { await connection.close() }
    agents.expectNothingLostOrDoubled()
    #expect(agents.areHeldUp)
  }
}

/// Three senders, and two processes of one agent that take.
private struct WorkingAgents: Sendable {
  let database: TestDatabase
  private let slowest = Shared(Duration.zero)
  /// Before the upgrade: what this machine needs without one.
  private let slowestBefore = Shared(Duration.zero)
  private let sent = Shared([String]())
  private let taken = Shared([String]())
  private let senders: [PostgresStore]
  private let takers: [PostgresStore]

  init(on database: TestDatabase) async throws {
    self.database = database
    senders = try (1...3).map { _ in try PostgresStore.postgres(database.url) }
    takers = try (1...2).map { _ in try PostgresStore.postgres(database.url) }
    for store in senders + takers { _ = try await store.agents() }
    try await database.psql(
      """
      SET search_path = cowork_bridge; SET session_replication_role = replica;
      INSERT INTO messages (id, sender, recipient, content, read)
        SELECT gen_random_uuid(), 'cowork', 'code', 'read before ' || n, 1 FROM generate_series(1, 20000) n;
      SET session_replication_role = origin;
      INSERT INTO tasks (id, sender, recipient, title) SELECT gen_random_uuid(), 'code', 'cowork', 'task ' || n FROM generate_series(1, 20) n
      """)
  }

  /// Works until the body has ended and all has been taken.
  func work(during body: @escaping @Sendable () async throws -> Void) async throws {
    let isOver = Shared(false)
    let allSent = Shared(false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { isOver.change { $0 = true } }
        await sends(300)
        slowestBefore.change { [slowest] in $0 = slowest.value }
        try await body()
      }
      for (number, store) in takers.enumerated() { group.addTask { try await take(from: store, number, until: allSent) } }
      group.addTask {
        defer { allSent.change { $0 = true } }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (number, store) in senders.enumerated() { group.addTask { try await send(from: store, number, until: isOver) } }
          try await group.waitForAll()
        }
      }
      try await group.waitForAll()
    }
    for store in senders + takers { await store.close() }
  }

  private func send(from store: PostgresStore, _ number: Int, until isOver: Shared<Bool>) async throws {
    var count = 0
    while !isOver.value {
      count += 1
      let content = "\(number) \(count)"
      _ = try await timed { try await store.send(NewMessage(sender: .cowork, recipient: .code, content: content)) }
      sent.change { $0.append(content) }
    }
  }

  private func take(from store: PostgresStore, _ number: Int, until allSent: Shared<Bool>) async throws {
    let instance = Instance(agent: .code)
    while true {
      let isLast = allSent.value
      let delivery = try await timed { try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: instance)) }
      guard let lease = delivery.lease else {
        if isLast { return }
        continue
      }
      taken.change { $0 += delivery.messages.compactMap(\.content) }
      try await timed { try await store.confirm(lease) }
      try await timed { try await store.heartbeat(instance) }
    }
  }

  private func timed<Value: Sendable>(_ call: () async throws -> Value) async throws -> Value {
    let start = ContinuousClock.now
    let value = try await call()
    slowest.change { [time = ContinuousClock.now - start] in $0 = max($0, time) }
    return value
  }

  /// Returns when so many more messages have been sent.
  func sends(_ count: Int) async {
    let end = sent.value.count + count
    while sent.value.count < end, !Task.isCancelled { await Task.yield() }
  }

  /// Versions each of which changes tables, triggers, indexes and all functions, and runs this statement.
  func upgrade(versions: Int = 5, _ statement: String = "") async throws {
    for version in 1...versions {
      let migrator = PostgresMigrator(
        pool: PostgresPool(try ConnectionSettings(database.url)), schema: WorkspaceSchema(nil),
        migrations: Schema.postgres + (1...version).map { Self.migration($0, statement) }, logger: .silent)
      try await migrator.migrate(patience: .seconds(60))
      await migrator.pool.close()
      await sends(30)
    }
  }

  private static func migration(_ number: Int, _ statement: String) -> Schema.Migration {
    let version = PostgresMigrator.newest + number
    let sql = """
      SET LOCAL search_path = :"schema", pg_catalog, pg_temp;
      CREATE INDEX added_\(number) ON leases (instance);
      ALTER TABLE task_details ADD COLUMN added_\(number) integer NOT NULL DEFAULT 0;
      ALTER TABLE message_details ADD COLUMN added_\(number) text;
      DROP TRIGGER messages_inserted ON messages;
      CREATE TRIGGER messages_inserted AFTER INSERT ON messages
        REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION messages_inserted();
      INSERT INTO bridge_schema (version) VALUES (\(version));
      \(statement)

      """
    return Schema.Migration(version, "next", Array(sql.utf8))
  }

  /// Whether a call took a second more than without an upgrade.
  var areHeldUp: Bool { slowest.value >= .seconds(1) + slowestBefore.value }

  func expectNothingLostDoubledOrHeldUp(_ location: SourceLocation = #_sourceLocation) {
    expectNothingLostOrDoubled(location)
    #expect(!areHeldUp, sourceLocation: location)
  }

  func expectNothingLostOrDoubled(_ location: SourceLocation = #_sourceLocation) {
    #expect(taken.value.sorted() == sent.value.sorted(), sourceLocation: location)
    print("\(sent.value.count) messages; the slowest call took \(slowest.value), before the upgrade \(slowestBefore.value)")
  }
}
