import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Schema
import Testing

@testable import PostgresStore

@Suite("A login of its own keeps an agent to its side", .timeLimit(.minutes(10)))
struct RolesTests {
  /// All cases of all areas, with each verb run under the acting agent's login.
  @Test(arguments: StoreSuite.casesOfAgents)
  func theSharedSuiteHoldsForServersUnderSuchLogins(_ storeCase: StoreCase) async throws {
    try await Turnstile.shared.pass { try await storeCase.run(on: HardenedHarness()) }
  }

  /// What a curious agent types into psql.
  @Test func plainPsqlReadsForgesAndChangesNothing() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    _ = try await owner.agents()
    try await roles.harden()
    try await roles.harden()
    let code = try await roles.login(for: .code)
    _ = try await roles.login(for: .cowork)
    let spy = try await roles.login(for: try Identity("spy"))
    let sent = try await owner.send(NewMessage(sender: .cowork, recipient: .code, content: "private", idempotencyKey: "k"))
    let task = try await owner.createTask(NewTask(sender: .cowork, recipient: .code, title: "private", description: "")).taskID
    let lease = try #require(try await owner.take(TakeRequest(agent: .code, limit: 1, instance: Instance(agent: .code))).lease)
    let before = try await database.contents()

    // Tables, sequences, and functions that are no verbs.
    for table in [
      "messages", "tasks", "message_details", "task_details", "task_events", "leases", "lease_items", "agents", "instances", "agent_logins",
      "bridge_schema", "message_records", "task_records", "event_records",
    ] {
      for statement in ["SELECT * FROM", "EXPLAIN SELECT * FROM", "BEGIN; LOCK TABLE"]
        + (table.hasSuffix("records") ? [] : ["DELETE FROM", "TRUNCATE"])
      {
        await expectRefused("\(statement) cowork_bridge.\(table)", database, as: spy)
      }
    }
    for statement in [
      "INSERT INTO cowork_bridge.messages (sender, recipient, content) VALUES ('spy', 'code', 'mine')",
      "INSERT INTO cowork_bridge.task_events (seq, task_id, actor, note) OVERRIDING SYSTEM VALUE VALUES (1, '\(task)', 'cowork', 'x')",
      "UPDATE cowork_bridge.task_details SET creator_news = 0", "INSERT INTO cowork_bridge.lease_items VALUES ('\(lease)', 'message', 1)",
      "SELECT nextval('cowork_bridge.messages_seq_seq')", "SELECT setval('cowork_bridge.messages_seq_seq', 9000000)",
      "SELECT cowork_bridge.lease_rows('code', 'l', 'i', 'p', 1, '{1}', '{}', '{}')", "SELECT cowork_bridge.end_leases('{\(lease)}', true)",
      "SELECT cowork_bridge.sign_last_event('\(task)', 'cowork', NULL, 'x')", "SELECT cowork_bridge.news_of('code', '{}')",
      "SELECT cowork_bridge.add_login('\(spy)', 'code')", "SELECT cowork_bridge.remove_login('\(code)')", "SELECT cowork_bridge.harden()",
      "SELECT cowork_bridge.version_of('\(task)')", "CREATE TABLE cowork_bridge.mine (x integer)",
      "CREATE FUNCTION cowork_bridge.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''", "SET ROLE \(code)",
      "SET SESSION AUTHORIZATION \(code)", "DROP SCHEMA cowork_bridge CASCADE",
      // Verbs in the name of another.
      "SELECT cowork_bridge.send('cowork', 'code', 'forged')", "SELECT cowork_bridge.inbox('code')", "SELECT cowork_bridge.unread('code')",
      "SELECT cowork_bridge.create_task('cowork', 'code', 'forged')", "SELECT cowork_bridge.history('code')",
      "SELECT cowork_bridge.take('code', 'l', 'i', 'p', 60, '{}', '{}', false, NULL, true, 50, 34000, false, '{}', NULL, false)",
      "SELECT cowork_bridge.heartbeat('code', 'i', 'h', 'p', NULL, 600, 30)", "SELECT cowork_bridge.add_agent('intruder')",
      "SELECT cowork_bridge.set_aside('code')", "SELECT cowork_bridge.deliver_again('code', '\(sent.messageID)')",
      "SELECT cowork_bridge.change_task('code', '\(task)', '', 'completed', NULL, 'keep', 'i', NULL, 'p', 1, false, NULL, NULL, NULL, NULL, NULL, '{}', false)",
      // Sizes, and ids that are taken.
      "SELECT cowork_bridge.send('spy', 'code', repeat('x', 262145))", "SELECT cowork_bridge.create_task('spy', 'code', repeat('x', 801))",
      "SELECT cowork_bridge.send('spy', 'code', 'x', repeat('x', 201))",
      "SELECT cowork_bridge.send('spy', 'code', 'x', message_id => '\(sent.messageID)')",
    ] { await expectRefused(statement, database, as: spy) }

    // Finds nothing of others, and changes nothing.
    for statement in [
      "SELECT FROM cowork_bridge.message('spy', '\(sent.messageID)')", "SELECT FROM cowork_bridge.task('spy', '\(task)')",
      "SELECT FROM cowork_bridge.history('spy')", "SELECT FROM cowork_bridge.inbox('spy')", "SELECT FROM cowork_bridge.tasks('spy')",
      "SELECT FROM cowork_bridge.task_state('spy', '\(task)', 'i')",
      "SELECT FROM cowork_bridge.change_task('spy', '\(task)', '', 'failed', NULL, 'keep', 'i', NULL, 'p', 1, false, NULL, NULL, NULL, NULL, NULL, '{}', false)",
      "SELECT FROM cowork_bridge.agents() WHERE unread + open_tasks > 0", "SELECT FROM cowork_bridge.sessions_of('code')",
      "SELECT FROM cowork_bridge.sessions_of(NULL)", "SELECT FROM cowork_bridge.set_aside_by_agent()",
      "SELECT FROM cowork_bridge.transcript_numbers(false, 1000, 1000) WHERE seq IS NOT NULL OR top > 0",
      "SELECT FROM cowork_bridge.transcript_numbers(true, 1000, 1000) WHERE seq IS NOT NULL OR top > 0",
      // Everybody is nobody but itself.
      "SELECT FROM cowork_bridge.message(NULL, '\(sent.messageID)')", "SELECT FROM cowork_bridge.task(NULL, '\(task)')",
      "SELECT FROM cowork_bridge.history(NULL)", "SELECT FROM cowork_bridge.history(NULL, with_agent => 'code')",
      "SELECT FROM cowork_bridge.history(NULL, '{private}')", "SELECT FROM cowork_bridge.tasks(NULL)",
      "SELECT FROM cowork_bridge.transcript_page(NULL, NULL, 1000, 1000, 200, 0)",
      "SELECT FROM cowork_bridge.transcript_page('code', NULL, 0, 0, 0, 200)",
      "SELECT FROM cowork_bridge.transcript_page('spy', NULL, 0, 0, 200, 200)",
    ] { #expect(try await database.psql(statement, as: spy) == "", "\(statement)") }
    for agent in ["NULL", "'code'", "'spy'"] {
      await #expect {
        try await database.psql("SELECT cowork_bridge.transcript_page(\(agent), '\(sent.messageID)', 0, 0, 10, 10)", as: spy)
      } throws: {
        "\($0)".contains("ERROR:  the at ")
      }
    }
    for (verb, count) in [
      ("message(NULL, '\(sent.messageID)')", 1), ("task(NULL, '\(task)')", 2), ("history(NULL)", 1), ("tasks(NULL)", 1),
      ("transcript_page(NULL, NULL, 1000, 1000, 200, 0)", 2), ("transcript_page('cowork', '\(sent.messageID)', 0, 0, 1, 200)", 2),
      ("transcript_page('spy', NULL, 1000, 1000, 200, 0)", 0),
    ] { #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.\(verb)", as: code) == "\(count)\n", "\(verb)") }
    for statement in [
      "SELECT cowork_bridge.confirm('\(lease)')", "SELECT cowork_bridge.undo('\(lease)')", "SELECT cowork_bridge.renew('{\(lease)}', 3600)",
      "SELECT cowork_bridge.recover('', '{\(lease)}')",
      "SELECT cowork_bridge.take('spy', '\(lease)', 'i', 'p', 60, '{\(lease)}', '{}', true, NULL, true, 50, 34000, false, '{}', NULL, false)",
      "SELECT cowork_bridge.sign_off('spy', (SELECT 'i'), 'h', NULL, (SELECT stamp FROM cowork_bridge.sessions_of(NULL) LIMIT 1))",
    ] { try await database.psql(statement, as: spy) }
    #expect(try await database.contents() == before)
    // Its keys are its own.
    #expect(try await database.psql("SELECT is_new FROM cowork_bridge.send('spy', 'code', 'x', idempotency_key => 'k')", as: spy) == "t\n")
    await owner.close()
  }

  /// Functions of an attacker's own schema, and objects of its session, do not come before those that the verbs mean.
  @Test func noFunctionOfAnAttackerIsCalled() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    _ = try await owner.agents()
    let spy = try await roles.login(for: try Identity("spy"))
    try await database.psql("CREATE SCHEMA trap AUTHORIZATION \(spy)")
    let traps = try await database.psql(
      """
      SELECT format('CREATE FUNCTION trap.%I(%s) RETURNS text LANGUAGE sql AS $$ SELECT ''trapped''::text $$;', proname,
        pg_get_function_identity_arguments(oid)) FROM pg_proc
      WHERE pronamespace = 'cowork_bridge'::regnamespace AND proargmodes IS NULL AND pg_get_function_identity_arguments(oid) !~ 'record|trigger'
      """)
    let connection = try await PostgresConnection.connect(ConnectionSettings(database.url(as: spy)))
    try await connection.execute(
      """
      SET search_path = trap, pg_catalog; \(traps)
      CREATE TEMPORARY TABLE messages (id text, sender text, recipient text, content text, read integer, created_at text, seq bigint);
      CREATE TEMPORARY TABLE agent_logins (login name, agent text); INSERT INTO agent_logins VALUES (session_user, 'code')
      """)
    #expect(try await connection.query("SELECT is_new FROM cowork_bridge.send('spy', 'code', 'hello')").only.get(0, as: Bool.self))
    #expect(try await connection.query("SELECT FROM cowork_bridge.history('spy')").count == 1)
    try await connection.query("SELECT cowork_bridge.heartbeat('spy', 'i', 'h', 'p', NULL, 600, 30)")
    await connection.close()
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.messages WHERE sender = 'spy'") == "1\n")
    let unfixed = try await database.psql(
      """
      SELECT proname FROM pg_proc WHERE pronamespace = 'cowork_bridge'::regnamespace
        AND NOT EXISTS (SELECT 1 FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=pg_catalog, %pg_temp')
      """)
    #expect(unfixed == "")
    await owner.close()
  }

  @Test func eachSideOfATaskChangesWhatItsSideMay() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    let task = try await owner.createTask(NewTask(sender: .cowork, recipient: .code, title: "1", description: "")).taskID
    let (code, cowork) = (try await roles.login(for: .code), try await roles.login(for: .cowork))
    func change(
      _ agent: String, _ status: String?, claim: String = "keep", news: String = "NULL, NULL", event: String? = nil,
      as instance: String? = "i"
    ) -> String {
      let event = event ?? status.map { "true, NULL, '\($0)'" } ?? "false, NULL, NULL"
      return """
        SELECT 'changed' FROM cowork_bridge.task_state('\(agent)', '\(task)', 'i') s, cowork_bridge.change_task('\(agent)', '\(task)', s.version,
          \(status.map { "'\($0)'" } ?? "NULL"), NULL, '\(claim)', \(instance.map { "'\($0)'" } ?? "NULL"), NULL, 'p', 600, \(event), NULL, \(news),
          '{}', false)
        """
    }
    for refused in [
      change("cowork", "completed"), change("cowork", "in_progress", claim: "take"), change("cowork", nil, claim: "take"),
      change("cowork", nil, claim: "release"), change("cowork", nil, news: "false, NULL"),
      change("cowork", nil, event: "true, 'pending', 'completed'"),
    ] { await expectRefused(refused, database, as: cowork) }
    for refused in [
      change("code", nil, news: "NULL, false"), change("code", "ended"), change("code", nil, event: "true, 'pending', 'failed'"),
      change("code", "completed", event: "false, NULL, NULL"), change("code", "completed", event: "NULL, NULL, 'completed'"),
      change("code", "completed", as: nil), change("code", "completed", claim: "x"),
      change("code", "completed").replacing("'keep'", with: "NULL"),
    ] {
      await expectRefused(refused, database, as: code)
    }
    #expect(try await database.psql(change("code", "in_progress", claim: "take"), as: code) == "changed\n")
    // What one instance holds, another one neither moves nor takes, unless it says that it takes it over.
    for refused in [
      change("code", "completed", claim: "release", as: "j"), change("code", "in_progress", claim: "take", as: "j"),
      change("code", nil, claim: "take", as: "j"), change("cowork", "failed", claim: "take_over", as: "j"),
      change("code", "completed", as: nil),
    ] { await expectRefused(refused, database, as: refused.contains("'cowork', '") ? cowork : code) }
    #expect(try await database.psql(change("code", "in_progress", claim: "take_over", as: "j"), as: code) == "changed\n")
    await expectRefused(change("code", "completed", claim: "release"), database, as: code)
    #expect(try await database.psql(change("code", "completed", claim: "release", as: "j"), as: code) == "changed\n")
    await expectRefused(change("code", "pending"), database, as: code)
    await expectRefused(change("cowork", "failed"), database, as: cowork)
    #expect(
      try await database.psql("SELECT status, creator_news FROM cowork_bridge.tasks JOIN cowork_bridge.task_details ON task_id = id")
        == "completed|1\n")
    await owner.close()
  }

  @Test(arguments: [
    ("remove_login('postgres')", "owns this schema"), ("add_login('postgres', 'code')", "owns this schema"),
    ("add_login('public', 'code')", "there is no login \"public\""), ("remove_login('public')", "there is no login \"public\""),
    ("add_login(NULL, 'code')", "there is no login"), ("add_login('nobody-there', 'code')", "CREATE ROLE"),
    ("add_login('pg_monitor', NULL)", "must be the name of an agent"),
    ("create_task('code', 'cowork', repeat('t', 201))", "200 are allowed"),
  ])
  func whatIsNoLoginOrTooLongIsRefusedInWords(_ call: String, _ words: String) async throws {
    let database = try await Self.plain.value
    do {
      try await database.psql("SELECT cowork_bridge.\(call)")
      Issue.record("\(call) was accepted")
    } catch {
      #expect("\(error)".contains(words), "\(error)")
      #expect(!"\(error)".contains("DETAIL"), "\(error)")
    }
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.agent_logins") == "0\n")
  }

  private static let plain = Task {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    await store.close()
    return database
  }

  @Test func aLoginWithoutAnAgentIsRefusedOnceThereIsOneWithAnAgent() async throws {
    let database = try await Servers.database()
    let roles = Roles(database: database, schema: "cowork_bridge")
    let owner = try PostgresStore.postgres(database.url)
    _ = try await owner.agents()
    let shared = try await database.makeRole()
    try await database.psql(
      "GRANT USAGE ON SCHEMA cowork_bridge TO \(shared); GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cowork_bridge TO \(shared)")
    let store = try PostgresStore.postgres(database.url(as: shared))
    #expect(try await store.unreadCounts(for: .code).isEmpty)
    let code = try await roles.login(for: .code)
    let nobody = await refusal { try await store.unreadCounts(for: .code) }
    #expect(nobody?.message.contains("\(shared)\" belongs to no agent") == true)
    let bound = try PostgresStore.postgres(database.url(as: code))
    let wrong = await refusal { try await bound.unreadCounts(for: .cowork) }
    let list = await refusal { try await bound.agents(AgentQuery(own: .cowork)) }
    #expect(wrong?.message.contains("is the agent \"code\" and cannot act as \"cowork\"") == true && list == wrong)
    #expect(try await bound.agents(AgentQuery(own: .code)).agents == bound.agents())
    #expect(try await owner.unreadCounts(for: .cowork).isEmpty)
    try await database.psql("SELECT cowork_bridge.remove_login('\(code)')")
    #expect(await refusal { try await bound.unreadCounts(for: .code) }?.code == .storeUnavailable)
    #expect(try await store.unreadCounts(for: .code).isEmpty)
    for store in [owner, store, bound] { await store.close() }
  }

  /// What version 3 granted goes with the migration, and running the setup again changes nothing. The owner is no superuser.
  @Test func aWorkspaceThatAnEarlierVersionHardenedIsConverted() async throws {
    let database = try await Servers.database()
    let owner = try await database.makeRole()
    try await database.psql("ALTER ROLE \(owner) CREATEROLE; GRANT CREATE ON DATABASE \(database.name) TO \(owner)")
    for migration in Schema.postgres.prefix(3) {
      try await database.psql("BEGIN; \(WorkspaceSchema(nil).sql(of: migration, isNewest: false)) COMMIT", as: owner)
    }
    let roles = Roles(database: database, schema: "cowork_bridge")
    try await roles.harden(by: "Tests/Postgres/hardening_before_functions.sql", as: owner)
    let (code, cowork) = (try await roles.login(for: .code), try await roles.login(for: .cowork))
    for (login, from, to) in [(code, "code", "cowork"), (cowork, "cowork", "code")] {
      try await database.psql(
        """
        INSERT INTO cowork_bridge.messages (id, sender, recipient, content) VALUES ('\(from)', '\(from)', '\(to)', 'kept');
        INSERT INTO cowork_bridge.tasks (id, sender, recipient, title) VALUES ('\(from)', '\(from)', '\(to)', 'kept')
        """, as: login)
    }
    let migrator = try PostgresMigrator(
      pool: PostgresPool(ConnectionSettings(database.url(as: owner))), schema: WorkspaceSchema(nil), logger: .silent)
    try await migrator.migrate()
    try await expectConverted(database, [code: .code, cowork: .cowork])
    try await roles.harden(as: owner)
    try await roles.harden(as: owner)
    try await expectConverted(database, [code: .code, cowork: .cowork])
  }

  /// Logins do everything through the verbs, and nothing else.
  private func expectConverted(_ database: TestDatabase, _ logins: [String: Identity]) async throws {
    #expect(try await database.psql("SELECT cowork_bridge.hardening_gaps()") == "")
    #expect(
      try await database.psql(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'cowork_bridge'::regnamespace AND (relrowsecurity
          OR EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = oid) OR relname = 'deliveries')
        UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE '%guard'
        """) == "")
    for (login, agent) in logins {
      for statement in [
        "SELECT FROM cowork_bridge.messages", "SELECT id FROM cowork_bridge.messages", "UPDATE cowork_bridge.messages SET read = 1",
        "UPDATE cowork_bridge.tasks SET status = 'failed'", "INSERT INTO cowork_bridge.task_details (task_id) VALUES ('x')",
        "SELECT cowork_bridge.my_agent()", "SELECT cowork_bridge.add_login('\(login)', 'other')",
      ] { await expectRefused(statement, database, as: login) }
      let store = try PostgresStore.postgres(database.url(as: login))
      let other: Identity = agent == .code ? .cowork : .code
      let instance = Instance(agent: agent)
      let first = try await store.take(TakeRequest(agent: agent, includesTasks: true, instance: instance))
      #expect(first.messages.first?.content == "kept" && first.tasks.map(\.title) == ["kept"])
      try await store.undo(#require(first.lease))
      _ = try await store.send(NewMessage(sender: agent, recipient: other, content: "new"))
      #expect(try await store.task(other.name, for: agent, instance: nil).task.title == "kept")
      await store.close()
    }
    try await database.psql("DELETE FROM cowork_bridge.messages WHERE content = 'new'")
  }

  private func isRefusal(_ text: String) -> Bool {
    [
      "permission denied", "must be owner", "cannot act as", "may not change", "are allowed", "bytes, and reply_to", "has the id",
      "already",
      "is not the name",
    ].contains { text.contains($0) }
  }

  private func expectRefused(
    _ statement: String, _ database: TestDatabase, as role: String, _ location: SourceLocation = #_sourceLocation
  ) async {
    do {
      try await database.psql(statement, as: role)
      Issue.record("\(role) could \(statement)", sourceLocation: location)
    } catch {
      #expect(isRefusal("\(error)"), "\(statement)\n\(error)", sourceLocation: location)
    }
  }
}

extension TestDatabase {
  /// With psql, logged in as this role.
  @discardableResult
  func psql(_ sql: String, as role: String) async throws -> String { try await cluster.psql(sql, database: name, user: role) }

  /// All rows that an agent could want to change.
  fileprivate func contents() async throws -> String {
    try await psql(
      ["messages", "message_details", "tasks", "task_details", "task_events", "leases", "lease_items"].map {
        "SELECT t::text FROM cowork_bridge.\($0) t ORDER BY 1"
      }.joined(separator: "; "))
  }
}
