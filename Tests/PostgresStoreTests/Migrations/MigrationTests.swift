import Bridge
import BridgeTesting
import Foundation
import PostgresClient
import PostgresTesting
import ProcessTesting
import Schema
import Testing

@testable import PostgresStore

@Suite("The schema comes by itself, or says who must bring it", .timeLimit(.minutes(10)))
struct MigrationTests {
  @Test func serversThatStartAtOnceOnAnEmptyDatabaseAllWork() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      for round in 1...12 {
        let workspace = try Workspace("round-\(round)")
        let stores = try (1...3).map { _ in try PostgresStore.postgres(database.url, workspace: workspace) }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for store in stores {
            group.addTask { _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x")) }
          }
          try await group.waitForAll()
        }
        #expect(try await stores[0].unreadCounts(for: .code).messages == 3)
        for store in stores { await store.close() }
      }
      #expect(
        try await database.psql("SELECT version FROM \"cowork_bridge_round-1\".bridge_schema ORDER BY version")
          == Schema.postgres.map { "\($0.version)\n" }.joined())
    }
  }

  /// So that the call has its whole time afterwards, whatever it asked for before.
  @Test func allCallsAreToldWhenTheMigrationWasOver() async throws {
    let database = try await Servers.database()
    let pool = PostgresPool(try ConnectionSettings(database.url))
    let migrator = PostgresMigrator(pool: pool, schema: WorkspaceSchema(nil), logger: .silent)
    let readiness = Readiness(migrator: migrator)
    let limit = CallLimit(until: .now + .seconds(10))
    async let one = readiness.ensure(within: limit)
    async let another = readiness.ensure(within: limit)
    let told = try await [one, another].compactMap(\.self)
    let migrated = try #require(told.first)
    #expect(try await readiness.ensure(within: limit) == migrated)
    // Nothing is left to be done for the next process.
    #expect(try await Readiness(migrator: migrator).ensure(within: CallLimit(until: .now + .seconds(10))) == nil)
    await pool.close()
  }

  @Test func aRoleWithoutRightsIsToldTheCommand() async throws {
    let database = try await Servers.database()
    let role = try await database.makeRole()
    let store = try PostgresStore.postgres(database.url(as: role))
    let error = await refusal { try await store.unreadCounts(for: .code) }
    #expect(error?.code == .storeUnavailable)
    for part in ["cowork-code-mcp-server migrate", "migrate --print", "cowork_bridge"] { #expect(error?.message.contains(part) == true) }
    // Once somebody with the rights has run it, the same store works.
    let owner = try ConnectionSettings(database.url)
    try await PostgresMigrator(pool: PostgresPool(owner), schema: WorkspaceSchema(nil), logger: .silent).migrate()
    try await database.psql(
      """
      GRANT USAGE ON SCHEMA cowork_bridge TO \(role);
      GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cowork_bridge TO \(role)
      """)
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "works"))
    #expect(try await store.unreadCounts(for: .code).messages == 1)
    await store.close()
  }

  @Test func aSchemaWithoutGrantsIsAnErrorThatNamesTheOwner() async throws {
    let database = try await Servers.database()
    let role = try await database.makeRole()
    let owner = try PostgresStore.postgres(database.url)
    _ = try await owner.agents()
    let store = try PostgresStore.postgres(database.url(as: role))
    let error = await refusal { try await store.unreadCounts(for: .code) }
    #expect(error?.code == .storeUnavailable && error?.message.contains("grant") == true)
    for store in [store, owner] { await store.close() }
  }

  @Test func whatPrintShowsMakesTheSameSchemaThroughPsql() async throws {
    let database = try await Servers.database()
    let workspace = try Workspace("by-hand")
    let printed = try await Sandbox().run(
      ["migrate", "--print", "--workspace", "by-hand"], environment: ["COWORK_DATABASE_URL": database.url])
    #expect(printed.status == 0)
    let sandbox = try Sandbox()
    func runPrinted() async throws {
      let folder = sandbox.home
      try Data(printed.output.utf8).write(to: URL(filePath: folder + "/schema.sql"))
      try await Shell.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", folder + "/schema.sql", database.socketURL])
    }
    // Of what the database has already, nothing is done again.
    try await runPrinted()
    let store = try PostgresStore.postgres(database.url, workspace: workspace)
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x"))
    try await runPrinted()
    #expect(try await store.unreadCounts(for: .code).messages == 1)
    let migrated = try PostgresStore.postgres(database.url)
    _ = try await migrated.agents()
    let (byHand, byItself) = (try await database.shape(of: "cowork_bridge_by-hand"), try await database.shape(of: "cowork_bridge"))
    #expect(byHand == byItself && byHand.count > 500)
    for store in [store, migrated] { await store.close() }
  }

  @Test func migrateAndItsStatusSayWhereTheSchemaStands() async throws {
    let database = try await Servers.database()
    let environment = ["COWORK_DATABASE_URL": database.url]
    let before = try await Sandbox().run(["migrate", "--status"], environment: environment)
    #expect(
      before.status == 0 && before.output.contains("version 0 of \(PostgresMigrator.newest)") && before.output.contains("pending: 1 bridge")
    )
    #expect(try await database.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cowork%'") == "0\n")
    for _ in 1...2 {
      let run = try await Sandbox().run(["migrate"], environment: environment)
      #expect(
        run.status == 0 && run.output.contains("version \(PostgresMigrator.newest) of \(PostgresMigrator.newest)")
          && !run.output.contains("pending"))
    }
  }

  @Test func anOlderSchemaIsBroughtUpToDateAndKeepsWhatItHolds() async throws {
    let database = try await Servers.database()
    let schema = WorkspaceSchema(nil)
    for migration in Schema.postgres.prefix(1) { try await database.psql("BEGIN; \(schema.sql(of: migration, isNewest: false)) COMMIT") }
    try await database.psql("INSERT INTO cowork_bridge.messages (sender, recipient, content) VALUES ('x', 'code', 'kept')")
    let store = try PostgresStore.postgres(database.url)
    #expect(try await store.unreadCounts(for: .code).messages == 1)
    let fresh = try PostgresStore.postgres(database.url, workspace: Workspace("fresh"))
    _ = try await fresh.agents()
    #expect(try await database.shape(of: "cowork_bridge") == database.shape(of: "cowork_bridge_fresh"))
    for store in [store, fresh] { await store.close() }
  }

  @Test func newsOfTheVersionBeforeIsTold() async throws {
    let database = try await Servers.database()
    let schema = WorkspaceSchema(nil)
    for migration in Schema.postgres.prefix(5) { try await database.psql("BEGIN; \(schema.sql(of: migration, isNewest: false)) COMMIT") }
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO tasks (id, sender, recipient, title) VALUES ('new', 'cowork', 'code', 'x'), ('taken', 'cowork', 'code', 'x'),
        ('told', 'cowork', 'code', 'x');
      UPDATE task_details SET assignee_news = 0 WHERE task_id <> 'new';
      UPDATE tasks SET status = 'in_progress' WHERE id = 'told';
      INSERT INTO leases VALUES ('l', 'code', 'i', 'elsewhere|1|1', clock_timestamp() - interval '1 hour');
      INSERT INTO lease_items SELECT 'l', 'assignee', seq FROM tasks WHERE id = 'taken'
      """)
    let store = try PostgresStore.postgres(database.url)
    for (agent, told) in [(Identity.code, ["new", "taken"]), (.cowork, ["told"])] {
      let delivery = try await store.take(TakeRequest(agent: agent, includesTasks: true, instance: Instance(agent: agent)))
      #expect(delivery.tasks.map(\.id) == told)
      #expect(try await store.unreadCounts(for: agent).tasks == 0)
    }
    await store.close()
  }

  @Test func leasesOfTheVersionBeforeGoOn() async throws {
    let database = try await Servers.database()
    let schema = WorkspaceSchema(nil)
    for migration in Schema.postgres.prefix(3) { try await database.psql("BEGIN; \(schema.sql(of: migration, isNewest: false)) COMMIT") }
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO messages (id, sender, recipient, content, read) VALUES ('m1', 'cowork', 'code', 'text', 1),
        (NULL, 'cowork', 'code', 'no id', 1), ('m3', 'cowork', 'code', 'confirmed', 1), ('m4', 'cowork', 'code', 'read', 1);
      INSERT INTO tasks (id, sender, recipient, title) VALUES ('t1', 'cowork', 'code', 'task'), ('t2', 'code', 'cowork', 'told');
      UPDATE task_details SET assignee_unseen = 0;
      INSERT INTO deliveries VALUES ('expired', 'code', 'i', 'elsewhere|1|1', '{1, 2}', '{t1}', '{}', '2000-01-01'),
        ('held', 'code', 'i', 'elsewhere|1|1', '{3}', '{}', '{}', 'infinity')
      """)
    let store = try PostgresStore.postgres(database.url)
    try await store.confirm("held")
    let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: Instance(agent: .code)))
    #expect(delivery.messages.map(\.content) == ["text", "no id"] && delivery.tasks.map(\.id) == ["t1"])
    #expect(delivery.messages.first?.redelivered == true)
    #expect(try await store.message("m3", for: .code)?.readAt != nil)
    try await store.confirm(#require(delivery.lease))
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.leases, cowork_bridge.lease_items") == "0\n")
    await store.close()
  }

  @Test func aNewerSchemaIsRefusedByServersAndCommands() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql("INSERT INTO cowork_bridge.bridge_schema (version) VALUES (99)")
    let newcomer = try PostgresStore.postgres(database.url)
    let error = await refusal { try await newcomer.unreadCounts(for: .code) }
    #expect(error?.code == .storeTooNew && error?.message.contains("99") == true)
    let run = try await Sandbox().run(["migrate"], environment: ["COWORK_DATABASE_URL": database.url])
    #expect(run.status == 1 && run.errors.contains("99") && run.errors.contains("newer"))
    for store in [store, newcomer] { await store.close() }
  }

  /// The role owns the schema, or may do everything in it, and may create none.
  @Test(arguments: [true, false])
  func aSchemaThatADBAMadeIsFilledServedAndDiagnosed(_ isOwner: Bool) async throws {
    let database = try await Servers.database()
    let role = try await database.makeRole()
    try await database.psql(
      isOwner
        ? "CREATE SCHEMA cowork_bridge AUTHORIZATION \(role)"
        : "CREATE SCHEMA cowork_bridge; GRANT ALL ON SCHEMA cowork_bridge TO \(role)")
    let environment = ["COWORK_DATABASE_URL": database.url(as: role)]
    let sandbox = try Sandbox()
    let before = try await sandbox.run(["doctor"], environment: environment)
    #expect(before.status == 0 && before.output.contains("is empty"), "\(before)")
    #expect(try await sandbox.run(["migrate"], environment: environment).status == 0)
    let after = try await sandbox.run(["doctor"], environment: environment)
    #expect(after.status == 0 && after.output.contains("woke each other"), "\(after)")
    let server = try await ServerChild.start("code", url: database.url(as: role))
    let store = try PostgresStore.postgres(database.url(as: role))
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "served"))
    #expect(try await server.call("read_messages").messages == ["served"])
    try await server.stop()
    await store.close()
  }

  /// A large store is not held up; its older messages are found by all words once the index is rebuilt.
  @Test func theTextIndexOfALargeStoreIsRebuiltAfterwards() async throws {
    let database = try await Servers.database()
    let schema = WorkspaceSchema(nil)
    for migration in Schema.postgres where migration.version < 7 {
      try await database.psql("BEGIN; \(schema.sql(of: migration, isNewest: false)) COMMIT")
    }
    try await database.psql(
      """
      INSERT INTO cowork_bridge.messages (sender, recipient, content, read)
        SELECT 'cowork', 'code', CASE i WHEN 7 THEN 'das Café am 天气很好' ELSE repeat('hay ', 30) || i END, 1 FROM generate_series(1, 15000) AS i
      """)
    let store = try PostgresStore.postgres(database.url)
    func found(_ text: String) async throws -> Int { try await store.history(HistoryQuery(agent: .code, text: text)).messages.count }
    func isPartial(_ text: String?) async throws -> Bool { try await store.history(HistoryQuery(agent: .code, text: text)).isPartial }
    #expect(try await found("am") == 1)
    #expect(await store.diagnose().findings.contains { $0.subject == "search" })
    for text in ["am", "absent"] { #expect(try await isPartial(text)) }
    #expect(try await !isPartial(nil))
    // What an attempt that was cut short leaves.
    try await database.psql("CREATE INDEX messages_words_ccnew ON cowork_bridge.messages USING gin (cowork_bridge.words_of(content))")
    try await store.heartbeat(Instance(agent: .code))
    while try await database.psql("SELECT obj_description('cowork_bridge.messages_words'::regclass, 'pg_class')") != "\n" {}
    for text in ["cafe", "天气", "am"] { #expect(try await found(text) == 1, "\(text)") }
    #expect(await !store.diagnose().findings.contains { $0.subject == "search" })
    #expect(try await !isPartial("absent"))
    #expect(try await database.psql("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%words_of%'") == "1\n")
    await store.close()
  }

  @Test func tablesThatWereDroppedAreMadeAgain() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql("DROP SCHEMA cowork_bridge CASCADE")
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "anew"))
    #expect(try await store.unreadCounts(for: .code).messages == 1)
    await store.close()
  }
}

extension TestDatabase {
  /// A login without rights; its name.
  func makeRole() async throws -> String {
    let role = "role_" + String(UInt64.random(in: .min ... .max), radix: 36)
    try await psql("CREATE ROLE \(role) LOGIN; REVOKE CREATE ON DATABASE \(name) FROM PUBLIC")
    return role
  }

  func url(as role: String) -> String { url.replacing("postgres@", with: "\(role)@") }

  /// Columns, indexes, functions and triggers, without the schema's name.
  fileprivate func shape(of schema: String) async throws -> String {
    try await psql(
      """
      SELECT 'column', table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
        WHERE table_schema = '\(schema)' ORDER BY 2, ordinal_position;
      SELECT indexdef FROM pg_indexes WHERE schemaname = '\(schema)' ORDER BY indexname;
      SELECT proname, prosrc, proconfig FROM pg_proc WHERE pronamespace = '"\(schema)"'::regnamespace ORDER BY proname, prosrc;
      SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE relnamespace = '"\(schema)"'::regnamespace AND NOT tgisinternal ORDER BY tgname, relname
      """
    ).replacing("\"\(schema)\"", with: "SCHEMA").replacing(schema, with: "SCHEMA").replacing("\"", with: "").replacing("\\", with: "")
  }
}
