import Bridge
import BridgeTesting
import GRDB
import Testing

@testable import SQLiteStore

/// Accepted writes survive a power cut; marks of what was read do not wait for the disk.
@Suite("What outlives a power cut")
struct EnduranceTests {
  /// Records the `synchronous` level of each commit of a write transaction.
  private final class Commits: TransactionObserver, Sendable {
    let levels = Shared([Int?]())
    let isWriting = Shared(false)

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidRollback(_ db: GRDB.Database) { isWriting.change { $0 = false } }
    func databaseDidCommit(_ db: GRDB.Database) {
      guard isWriting.value else { return }
      isWriting.change { $0 = false }
      let level = try? Int.fetchOne(db, sql: "PRAGMA synchronous")
      levels.change { $0.append(level) }
    }
  }

  private static let normal = 1
  private static let full = 2

  private func observed(
    _ database: Database, _ options: SQLiteStore.Options = .init()
  ) async throws -> (store: SQLiteStore, commits: Commits) {
    let store = try await database.openStore(options)
    let commits = Commits()
    let open = try #require(store.connections.current())
    open.writer.add(transactionObserver: commits, extent: .databaseLifetime)
    try await store.visit { open in
      open.writer.unsafeRead { db in
        db.trace { event in if "\(event)".hasPrefix("BEGIN IMMEDIATE") { commits.isWriting.change { $0 = true } } }
      }
    }
    return (store, commits)
  }

  /// The levels of the commits of verbs that accept something, then of those that do not.
  private func use(_ store: SQLiteStore, _ commits: Commits, _ database: Database) async throws -> (accepting: [Int?], others: [Int?]) {
    let start = commits.levels.value.count
    _ = try await store.send("1")
    let task = NewTask(sender: .cowork, recipient: .code, title: "t", description: "d")
    _ = try await store.createTask(task)
    _ = try await store.transitionTask(TransitionRequest(taskID: task.id, actor: .code, instance: database.code, status: .inProgress))
    try await store.addAgent(Identity("other"))
    let middle = commits.levels.value.count
    let take = TakeRequest(agent: .code, instance: database.code)
    try await store.undo(#require(store.take(take).lease))
    let lease = try #require(await store.take(take).lease)
    try await store.renew([lease])
    try await store.confirm(lease)
    try await store.heartbeat(database.code)
    _ = try await store.tasks(TaskQuery(agent: .cowork, role: .creator, instance: database.cowork))
    try await store.signOff(database.code, endsSession: true)
    let levels = commits.levels.value
    return (Array(levels[start..<middle]), Array(levels[middle...]))
  }

  @Test func acceptedWritesAreForcedToDiskAndMarksLeasesAndHeartbeatsAreNot() async throws {
    try await withDatabase { database in
      let (store, commits) = try await observed(database)
      let (accepting, others) = try await use(store, commits, database)
      #expect(accepting == Array(repeating: Self.full, count: 4))
      #expect(others == Array(repeating: Self.normal, count: 8))
      _ = try await store.send("2")
      #expect(commits.levels.value.last == Self.full)
    }
  }

  @Test func returnedLeasesAreNotForcedToDisk() async throws {
    try await withDatabase { database in
      let (store, commits) = try await observed(database)
      _ = try await store.send("1")
      _ = try await store.take(TakeRequest(agent: .code, instance: database.code))
      try await database.shell.run("UPDATE leases SET expires_at = ''")
      #expect(try await store.recoverExpired() == 1)
      #expect(commits.levels.value.last == Self.normal)
      _ = try await store.send("2")
      #expect(commits.levels.value.last == Self.full)
    }
  }

  @Test func withoutAWriteAheadLogEverythingIsForcedToDisk() async throws {
    try await withDatabase { database in
      try await database.openStore().close()
      try await database.shell.run("PRAGMA journal_mode = DELETE")
      let (store, commits) = try await observed(database)
      let (accepting, others) = try await use(store, commits, database)
      #expect((accepting + others).allSatisfy { $0 == Self.full } && others.count == 8)
    }
  }

  @Test func acceptedWritesAreForcedToDiskAfterAFailedTransaction() async throws {
    try await withDatabase { database in
      let (store, commits) = try await observed(database)
      await #expect(throws: BridgeError.self) {
        try await store.write(durable: false) { db in
          try db.execute(sql: "INSERT INTO agents (name, added_at) VALUES ('x', '')")
          throw BridgeError(.storeFailed, "x")
        }
      }
      _ = try await store.send("1")
      #expect(commits.levels.value == [Self.full])
      let (impatient, others) = try await observed(database, .init(busyTimeout: .milliseconds(1)))
      try await database.whileLocked { _ in
        await #expect(throws: BridgeError.self) { try await impatient.heartbeat(database.code) }
      }
      _ = try await impatient.send("2")
      #expect(others.levels.value == [Self.full])
    }
  }
}
