import Foundation
import PostgresTesting
import ProcessTesting
import Testing

/// The commands about the whole bridge, on Postgres.
@Suite(.timeLimit(.minutes(10))) struct PostgresCommandTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private static let cluster = Task {
    try await PostgresCluster.start(
      .init(password: "s3cret-w0rd", configuration: ["synchronous_commit = on", "fsync = on", "max_prepared_transactions = 4"]))
  }

  private func doctor(_ url: String, status: Int32 = 0) async throws -> Findings {
    let outcome = try await sandbox.run("doctor", "--json", environment: ["COWORK_DATABASE_URL": url])
    #expect(outcome.status == status, "\(outcome.output) \(outcome.errors)")
    #expect(!(outcome.output + outcome.errors).contains("s3cret-w0rd"))
    return try Findings(outcome.json)
  }

  @Test func watchIsWokenByCommandsAndByPsqlAndOutlivesARestart() async throws {
    let cluster = try await PostgresCluster.start(.init(configuration: ["synchronous_commit = on"]))
    let database = try await cluster.createDatabase()
    let environment = ["COWORK_DATABASE_URL": database.url]
    _ = try await sandbox.run("send", "cowork", "before", environment: environment)
    let watch = try Following(sandbox, ["watch"], environment: environment)
    try await watch.lines(to: "before")
    _ = try await sandbox.run("send", "cowork", "by a command", environment: environment)
    try await watch.lines(to: "code → cowork")
    try await database.psql("INSERT INTO cowork_bridge.messages (id, sender, recipient, content) VALUES ('h', 'x', 'y', 'typed')")
    try await watch.lines(to: "x → y  h  typed")
    try await database.psql("INSERT INTO cowork_bridge.tasks (id, sender, recipient, title) VALUES ('t', 'x', 'y', 'a task')")
    try await watch.lines(to: "x → y  t  new task  a task")
    try await cluster.stop()
    // By the time a command has failed, it has noticed.
    #expect(try await sandbox.run("agents", environment: environment).status == 1)
    try await cluster.start()
    try await database.psql("INSERT INTO cowork_bridge.messages (id, sender, recipient, content) VALUES ('a', 'x', 'y', 'after')")
    #expect(try await watch.lines(to: "after").count == 1)
    let outcome = try await watch.end(by: SIGINT).outcome
    #expect(outcome.status == 0)
    #expect(outcome.errors.components(separatedBy: "Waiting until it is back.").count <= 2, "\(outcome.errors)")
    await cluster.destroy()
  }

  /// Each send takes longer than a server once waited after the end of its input.
  @Test func pipedRequestsAreAnsweredHoweverSlowTheDatabaseIs() async throws {
    let database = try await Self.cluster.value.createDatabase()
    let environment = ["COWORK_DATABASE_URL": database.url]
    _ = try await sandbox.run("send", "cowork", "first", environment: environment)
    try await database.psql(
      """
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
      CREATE TRIGGER slow BEFORE INSERT ON cowork_bridge.messages FOR EACH ROW EXECUTE FUNCTION slow();
      """)
    let calls = (1...50).map {
      #"{"jsonrpc":"2.0","id":\#($0),"method":"tools/call","params":{"name":"send_message","arguments":{"to":"cowork","content":"x"}}}"#
        + "\n"
    }
    let opening =
      #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{}}}"#
    let outcome = try await sandbox.run(["serve"], input: opening + "\n" + calls.joined(), environment: environment)
    #expect(outcome.output.split(separator: "\n").count == 51 && !outcome.output.contains("isError"), "\(outcome)")
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.messages").contains("51"))
  }

  @Test(arguments: [
    "read --peek", "status", "history", "agents", "tasks", "wait --timeout 1", "export", "agents remove zzz", "tasks update none completed",
  ])
  func aCommandThatLooksMakesNoSchema(_ line: String) async throws {
    let database = try await Self.cluster.value.createDatabase()
    let outcome = try await sandbox.run(
      line.split(separator: " ").map(String.init), environment: ["COWORK_DATABASE_URL": database.url, "COWORK_WORKSPACE": "shop"])
    let refused = ["export", "agents remove zzz", "tasks update none completed"]
    #expect(outcome.status == (refused.contains(line) ? 1 : ["wait --timeout 1": 3][line] ?? 0), "\(outcome)")
    #expect(try await database.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cowork%'").contains("0"))
  }

  @Test func aDatabaseWithoutASchemaIsWellAndStaysAsItIs() async throws {
    let database = try await Self.cluster.value.createDatabase()
    let findings = try await doctor(database.url)
    #expect(findings.failures.isEmpty && findings["schema"].contains("does not exist yet"))
    #expect(findings["round trip"].contains("Two servers woke each other") && findings["notifications"].contains("comes back after"))
    #expect(try await database.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cowork%'") == "0\n")
  }

  @Test func aDatabaseInUseIsWellAndStaysAsItIs() async throws {
    let database = try await Self.cluster.value.createDatabase()
    _ = try await sandbox.run("send", "cowork", "stays", environment: ["COWORK_DATABASE_URL": database.url])
    let findings = try await doctor(database.url)
    #expect(findings.failures.isEmpty && findings.warnings == ["password"], "\(findings)")
    for subject in ["schema", "durability", "notifications", "TLS", "clock", "connections", "round trip"] {
      #expect(!findings[subject].isEmpty, "\(subject)")
    }
    for (table, count) in [("messages", 1), ("agents", 1), ("instances", 0), ("leases", 0)] {
      #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.\(table)") == "\(count)\n", "\(table)")
    }
    let status = try await sandbox.run("status", "--json", environment: ["COWORK_DATABASE_URL": database.url]).json
    #expect(status["unread_messages"] == 1)
  }

  @Test func aTransactionPoolerIsAWarning() async throws {
    let cluster = try await Self.cluster.value
    let database = try await cluster.createDatabase()
    let pooler = try await PgBouncer.start(for: cluster)
    let findings = try await doctor(pooler.url(database))
    #expect(findings.failures.isEmpty && findings.warnings.isSuperset(of: ["notifications"]))
    #expect(findings["notifications"].contains("A connection pooler is between"))
    await pooler.destroy()
  }

  @Test func aLoginOfOneAgentIsWell() async throws {
    let database = try await Self.cluster.value.createDatabase()
    let environment = ["COWORK_DATABASE_URL": database.url]
    _ = try await sandbox.run("send", "cowork", "not for the reviewer", environment: environment)
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../sql/postgres/postgres_roles.sql")
    let roles = try String(contentsOf: source, encoding: .utf8).replacing(":\"schema\"", with: "\"cowork_bridge\"")
    let login = "reviewer_\(UUID().uuidString.prefix(8).lowercased())"
    try await database.psql(
      "BEGIN; \(roles); CREATE ROLE \(login) LOGIN PASSWORD 's3cret-w0rd'; SELECT cowork_bridge.add_login('\(login)', 'reviewer'); COMMIT")
    let url = database.url.replacing("postgres:s3cret", with: "\(login):s3cret")
    let findings = try await doctor(url)
    #expect(findings.failures.isEmpty && findings["schema"].contains(login), "\(findings)")
    #expect(findings["round trip"].contains("no right on the tables"))
    let watch = try Following(sandbox, ["watch"], environment: ["COWORK_DATABASE_URL": url])
    _ = try await sandbox.run("send", "reviewer", "for the reviewer", environment: environment)
    #expect(try await watch.lines(to: "for the reviewer").count == 1)
  }

  /// What needs no grant, and names without a role.
  @Test func loginsThatGetPastTheHardeningAreNamed() async throws {
    let database = try await Self.cluster.value.createDatabase()
    _ = try await sandbox.run("agents", "add", "code", environment: ["COWORK_DATABASE_URL": database.url])
    let mark = UUID().uuidString.prefix(8).lowercased()
    try await database.psql(
      """
      CREATE ROLE owner_\(mark); CREATE ROLE group_\(mark) IN ROLE owner_\(mark);
      ALTER SCHEMA cowork_bridge OWNER TO owner_\(mark);
      CREATE ROLE plain_\(mark) LOGIN; CREATE ROLE super_\(mark) LOGIN SUPERUSER;
      CREATE ROLE member_\(mark) LOGIN NOINHERIT IN ROLE group_\(mark); CREATE ROLE heir_\(mark) LOGIN IN ROLE pg_monitor;
      CREATE ROLE lost_\(mark) LOGIN; CREATE ROLE old_\(mark) LOGIN;
      SELECT cowork_bridge.add_login(r.rolname, 'code') FROM pg_roles r WHERE rolcanlogin AND r.rolname LIKE '%\(mark)'
      """)
    let before = try await doctor(database.url)
    for (login, way) in [("super", "a superuser"), ("member", "a member of owner_\(mark)"), ("member", "a member of group_\(mark)")] {
      #expect(before["logins"].contains("all tables for \(login)_\(mark), \(way)"), "\(before)")
    }
    #expect(!before["logins"].contains("plain") && !before["logins"].contains("heir") && before.warnings.contains("logins"))
    #expect(before["logins"].contains("Logins that act for one agent each: 6.") && !before["logins"].contains("There is no role"))
    try await database.psql(
      """
      ALTER ROLE super_\(mark) NOSUPERUSER; REVOKE group_\(mark) FROM member_\(mark);
      SELECT cowork_bridge.remove_login('lost_\(mark)'); DROP ROLE lost_\(mark); ALTER ROLE old_\(mark) RENAME TO new_\(mark)
      """)
    let after = try await doctor(database.url)
    #expect(after["logins"].contains("Nobody has a right on a table") && after.warnings.contains("logins"), "\(after)")
    #expect(after["logins"].contains("dropped or renamed: old_\(mark) of code.") && after["logins"].contains("remove_login('LOGIN')"))
    try await database.psql("SELECT cowork_bridge.remove_login('old_\(mark)')")
    #expect(try await doctor(database.url).warnings == ["password"])
  }

  /// Nothing else stands for what libpq cannot read, such as the host of a variable.
  @Test func theHostsAreThoseOfTheURLOrNone() async throws {
    let database = try await Self.cluster.value.createDatabase()
    func status(_ parameters: String, _ environment: [String: String] = [:]) async throws -> Outcome {
      try await sandbox.run(
        "status", "--database-url", database.url(port: database.cluster.port, parameters: parameters),
        environment: ["PGHOST": "127.0.0.1", "PGPORT": "1"].merging(environment) { $1 })
    }
    #expect(try await status("load_balance_hosts=random").status == 0)
    #expect(try await status("load_balance_hosts=disable").status == 0)
    let bogus = try await status("load_balance_hosts=bogus")
    #expect(bogus.status == 64 && bogus.errors.contains("load_balance_hosts is unknown"), "\(bogus)")
    let service = try await status("", ["PGSERVICE": "nowhere"])
    #expect(service.status == 64 && service.errors.contains("definition of service \"nowhere\" not found"), "\(service)")
  }

  @Test func whatKeepsServersFromWritingIsAFailure() async throws {
    let database = try await Self.cluster.value.createDatabase()
    let role = "nobody_\(UUID().uuidString.prefix(8).lowercased())"
    try await database.psql("CREATE ROLE \(role) LOGIN PASSWORD 's3cret-w0rd'; REVOKE CREATE ON DATABASE \(database.name) FROM PUBLIC")
    let findings = try await doctor(database.url.replacing("postgres:s3cret", with: "\(role):s3cret"), status: 1)
    #expect(findings.failures == ["schema"] && findings["schema"].contains("cowork-code-mcp-server migrate"))
    _ = try await sandbox.run("agents", "add", "code", environment: ["COWORK_DATABASE_URL": database.url])
    try await database.psql("INSERT INTO cowork_bridge.bridge_schema (version) VALUES (99)")
    #expect(try await doctor(database.url, status: 1)["schema"].contains("99"))
  }

  @Test func aServerThatAcceptsConnectionsAndSaysNothingIsAFailure() async throws {
    let database = try await Self.cluster.value.createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    await proxy.blackHole()
    let findings = try await doctor(database.url(port: proxy.port), status: 1)
    #expect(findings.failures == ["store"] && findings["store"].contains("127.0.0.1:\(proxy.port): no answer within 5"), "\(findings)")
    #expect(findings["store"].contains("Check that the database runs") && findings["round trip"].contains("Left out"))
    await proxy.close()
  }

  /// A prepared transaction holds a table lock without a process.
  @Test(arguments: [("bridge_schema", "store", "\nSee w"), ("agents", "content", "end that transaction")])
  func aDatabaseThatDoesNotComeToAnAnswerIsAFailure(_ table: String, _ subject: String, _ advice: String) async throws {
    let database = try await Self.cluster.value.createDatabase()
    _ = try await sandbox.run("agents", "add", "code", environment: ["COWORK_DATABASE_URL": database.url])
    let held = "held_\(database.name)"
    try await database.psql("BEGIN; LOCK TABLE cowork_bridge.\(table); PREPARE TRANSACTION '\(held)'")
    let findings = try await doctor(database.url, status: 1)
    #expect(findings.failures == [subject] && findings["round trip"].contains("Left out"), "\(findings)")
    #expect(findings[subject].contains(advice))
    try await database.psql("ROLLBACK PREPARED '\(held)'")
    #expect(try await doctor(database.url).failures.isEmpty)
  }

  @Test func aStandbyIsAFailureThatSaysWhichServerToName() async throws {
    let database = try await Self.cluster.value.createDatabase()
    _ = try await sandbox.run("agents", "add", "code", environment: ["COWORK_DATABASE_URL": database.url])
    let standby = try await database.cluster.makeStandby()
    for (parameters, subject) in [("", "store"), ("target_session_attrs=any", "writing")] {
      let findings = try await doctor(database.url(port: standby.port, parameters: parameters), status: 1)
      #expect(findings.failures == [subject] && findings.warnings == ["password", "round trip"], "\(findings)")
      #expect(findings[subject].contains("A standby accepts no writes: name the primary in the URL"), "\(findings)")
    }
    let sent = try await sandbox.run("send", "cowork", "x", environment: ["COWORK_DATABASE_URL": database.url(port: standby.port)])
    #expect(sent.status == 1 && sent.errors.contains("session is read-only. Name the server that target_session_attrs=read-write asks for"))
    await standby.destroy()
  }

  @Test(arguments: [("", "store"), ("target_session_attrs=any", "writing")])
  func aRoleThatOnlyReadsIsAFailureThatSaysHowToChangeIt(_ parameters: String, _ subject: String) async throws {
    let database = try await Self.cluster.value.createDatabase()
    _ = try await sandbox.run("agents", "add", "code", environment: ["COWORK_DATABASE_URL": database.url])
    let role = "reader_\(UUID().uuidString.prefix(8).lowercased())"
    try await database.psql(
      "CREATE ROLE \(role) SUPERUSER LOGIN PASSWORD 's3cret-w0rd'; ALTER ROLE \(role) SET default_transaction_read_only = on")
    let url = database.url(port: database.cluster.port, parameters: parameters).replacing("postgres:s3cret", with: "\(role):s3cret")
    let findings = try await doctor(url, status: 1)
    #expect(findings.failures == [subject] && findings["round trip"].contains("Left out"), "\(findings)")
    #expect(findings[subject].contains("ALTER ROLE … SET default_transaction_read_only = off"), "\(findings)")
  }
}
