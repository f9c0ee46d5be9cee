import Foundation
import JSON
import PostgresTesting
import ProcessTesting
import Testing

@Suite struct CopyTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func copy(_ from: String, _ to: String, _ more: String...) async throws -> Outcome {
    try await sandbox.run(["copy", "--from", from, "--to", to] + more)
  }

  /// A store with everything: claims, a lease, keys, and hand-typed rows.
  private func fill() async throws {
    _ = try await sandbox.run("send", "cowork", "first", "--key", "k")
    _ = try await sandbox.run("send", "cowork", "second", "--key", "l")
    try await sandbox.sqlite3(
      "UPDATE message_details SET reply_to = 'r', task_id = 't', idempotency_key = NULL WHERE idempotency_key = 'l'")
    _ = try await sandbox.run("read", "--as", "cowork", "--limit", "1")
    let task = try await sandbox.run("tasks", "create", "cowork", "Look", "--json").json.text("task_id")
    _ = try await sandbox.run("tasks", "update", task, "in_progress", "--as", "cowork")
    try await sandbox.sqlite3(
      """
      INSERT INTO messages VALUES (NULL, 'cowork', 'code', 'no id', 0, datetime('now')), (NULL, 'cowork', 'code', 'no id', 0, datetime('now')),
        (x'00ff', 'cowork', 'code', x'00ff01', NULL, 'now'), ('nul', NULL, 'code', CAST(x'610062' AS TEXT), 2, NULL),
        ('ABC', 'cowork', 'code', 'upper', 0, 'x'), ('abc', 'cowork', 'code', 'lower', 7, 'x'), ('leased', 'x', 'y', 'on its way', 1, NULL);
      INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('by hand', 'cowork', 'code', x'ff', 'on hold');
      INSERT INTO leases VALUES ('l', 'y', 'i', '', '2999-01-01T00:00:00.000Z');
      INSERT INTO lease_items VALUES ('l', 'message', 1, 'leased');
      """)
  }

  @Test(.timeLimit(.minutes(5))) func toPostgresAndBackNothingIsLostOrDoubled() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    try await fill()
    let back = sandbox.home + "/back.db"
    for round in 1...2 {
      let there = try await copy(sandbox.database, database.url, "--json").json
      #expect(there["equal"] == true)
      #expect(there["messages"]?["added"] == (round == 1 ? 9 : 0))
      #expect(there["messages"]?["digest_from"] == there["messages"]?["digest_to"])
      #expect(there["tasks"]?["added"] == (round == 1 ? 2 : 0))
      #expect(there["messages"]?["respelled"] == 2 && there["tasks"]?["respelled"] == 1)
      #expect(try await copy(database.url, back, "--json").json["equal"] == true)
      // Also into where it came from.
      let home = try await copy(database.url, sandbox.database, "--json").json
      #expect(home["equal"] == true && home["messages"]?["added"] == 0 && home["tasks"]?["added"] == 0)
    }
    let told = try await copy(sandbox.database, database.url).output
    #expect(told.contains("2 with bytes that Postgres cannot hold") && told.hasSuffix("Both sides hold the same, but for these bytes.\n"))
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "9")
    #expect(try await database.psql("SELECT content FROM cowork_bridge.messages WHERE id = 'X''00FF'''") == "X'00FF01'\n")
    #expect(try await database.psql("SELECT content FROM cowork_bridge.messages WHERE id = 'nul'") == "X'610062'\n")
    let lease =
      "SELECT m.read, d.redelivered FROM cowork_bridge.messages m JOIN cowork_bridge.message_details d ON d.message_id = m.id WHERE id = 'leased'"
    #expect(try await database.psql(lease) == "0|1\n")
    let copied = try await sandbox.run("export", "--database-url", back).output
    #expect(copied == (try await sandbox.run("export", "--database-url", database.url).output))
    // A claim of another agent holds in the copy as well.
    let task = try #require(copied.split(separator: "\n").first { $0.contains("in_progress") && $0.hasPrefix("{\"task\"") })
    #expect(task.contains("\"holder\":\"cowork@") && task.contains("\"held_until\":\"2"))
    let unread = try await sandbox.run("read", "--as", "code", "--peek", "--json", "--database-url", back).json.list("messages")
    #expect(try unread.map { try $0.text("content") } == ["no id", "no id", "X'00FF01'", "upper"])
  }

  @Test(.timeLimit(.minutes(5))) func aLaterRunBringsWhatIsNewAndUndoesNothing() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let first = try await sandbox.run("send", "cowork", "first", "--json").json.text("message_id")
    _ = try await sandbox.run("send", "cowork", "second")
    let task = try await sandbox.run("tasks", "create", "cowork", "Look", "--json").json.text("task_id")
    #expect(try await copy(sandbox.database, database.url).output.hasSuffix("Both sides hold the same.\n"))
    // One is read in the target, the other in the source, and a new one arrives.
    _ = try await sandbox.run("read", "--as", "cowork", "--limit", "1", "--database-url", database.url)
    try await sandbox.sqlite3("UPDATE messages SET read = 1 WHERE content = 'second'")
    _ = try await sandbox.run("send", "cowork", "third")
    _ = try await sandbox.run("tasks", "update", task, "completed", "--as", "cowork", "--result", "done")
    let again = try await copy(sandbox.database, database.url, "--json").json
    #expect(again["equal"] == true && again["messages"]?["added"] == 1 && again["messages"]?["updated"] == 1)
    #expect(again["messages"]?["newer_in_target"] == 1 && again["tasks"]?["updated"] == 1)
    #expect(try await database.psql("SELECT content, read FROM cowork_bridge.messages ORDER BY seq") == "first|1\nsecond|1\nthird|0\n")
    #expect(try await database.psql("SELECT status, result FROM cowork_bridge.tasks") == "completed|done\n")
    #expect(try await database.psql("SELECT to_status FROM cowork_bridge.task_events ORDER BY seq") == "pending\ncompleted\n")
    #expect(try await sandbox.sqlite3("SELECT read FROM messages WHERE id = '\(first)'") == "0")
  }

  /// Kills the copy at a different point each time, then lets it finish.
  @Test(.timeLimit(.minutes(10))) func aCopyThatWasKilledIsSimplyRunAgain() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    try await fillWithMessages(8_000)
    #expect(try await copy(sandbox.home + "/none.db", database.url).status == 1)
    var before = 0
    for _ in 1...3 {
      let running = try sandbox.start(["copy", "--from", sandbox.database, "--to", database.url])
      var now = before
      while now <= before, kill(running.pid, 0) == 0 {
        let text = (try? await database.psql("SELECT count(*) FROM cowork_bridge.messages")) ?? "0"
        now = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
      }
      kill(running.pid, SIGKILL)
      _ = try await running.outcome
      #expect(now > before && now % 1_000 == 0 && now < 8_000)
      before = now
    }
    #expect(try await copy(sandbox.database, database.url, "--json").json["equal"] == true)
    #expect(
      try await database.psql("SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE read = 0) FROM cowork_bridge.messages")
        == "8000|8000|2666\n")
    #expect(try await database.psql("SELECT id FROM cowork_bridge.messages ORDER BY seq OFFSET 7998") == "m7999\nm8000\n")
  }

  @Test(.timeLimit(.minutes(5)), arguments: [SIGINT, SIGTERM])
  func aCopyThatIsInterruptedEndsBehindATransactionAndSaysHowToGoOn(_ signal: Int32) async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    try await fillWithMessages(30_000)
    let running = try sandbox.start(["copy", "--from", sandbox.database, "--to", database.url])
    var count = 0
    while count == 0, kill(running.pid, 0) == 0 {
      count = Int((try? await database.psql("SELECT count(*) FROM cowork_bridge.messages"))?.dropLast() ?? "") ?? 0
    }
    kill(running.pid, signal)
    let outcome = try await running.outcome
    let sentence = try Regex("Interrupted: ([1-9]000|[12][0-9]000) of 30000 were done \\(copying\\); run it again to go on.\n")
    let done = try #require(outcome.errors.wholeMatch(of: sentence)?.output[1].substring, "\(outcome.errors)")
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(
      try await database.psql(
        "SELECT count(*), count(reply_to) FROM cowork_bridge.messages LEFT JOIN cowork_bridge.message_details ON message_id = id")
        == "\(done)|\(done)\n")
    let again = try await copy(sandbox.database, database.url, "--json").json
    #expect(again["equal"] == true && again["messages"]?["added"] == .integer(30_000 - (Int64(done) ?? 0)))
    #expect(try await database.psql("SELECT count(*), count(DISTINCT id) FROM cowork_bridge.messages") == "30000|30000\n")
  }

  @Test(.timeLimit(.minutes(5))) func aSecondInterruptDoesNotWaitForTheDatabase() async throws {
    let cluster = try await PostgresCluster.start(.init(configuration: ["max_prepared_transactions = 1"]))
    let database = try await cluster.createDatabase()
    _ = try await sandbox.run("send", "cowork", "x")
    _ = try await sandbox.run("agents", "add", "code", "--database-url", database.url)
    try await database.psql("BEGIN; LOCK TABLE cowork_bridge.messages; PREPARE TRANSACTION 'held'")
    let running = try sandbox.start(["copy", "--from", sandbox.database, "--to", database.url])
    while try await database.psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0\n" {}
    while kill(running.pid, SIGINT) == 0 {}
    #expect(try await running.outcome.status == 128 + SIGINT)
    try await database.psql("ROLLBACK PREPARED 'held'")
    #expect(try await copy(sandbox.database, database.url, "--json").json["messages"]?["added"] == 1)
    await cluster.destroy()
  }

  /// Two agents that run one command after the other until they are told to stop.
  @Test(.timeLimit(.minutes(10)), arguments: [true, false])
  func agentsThatGoOnWorkingMeanwhileLoseNothing(_ isFromPostgres: Bool) async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    try await fillWithMessages(3_000)
    if isFromPostgres { #expect(try await copy(sandbox.database, database.url).status == 0) }
    let (from, to) = isFromPostgres ? (database.url, sandbox.home + "/back.db") : (sandbox.database, database.url)
    #expect(try await copy(from, to).status == 0)
    let loop = { (body: String) in "set -e; while [ ! -e stop ]; do \(body); done" }
    let writing = try start(loop("\"$0\" send cowork hello --json; \"$0\" read --as cowork --limit 2 >&2"), on: from)
    let working = try start(
      loop(
        """
        task=$("$0" tasks create code Look --as cowork --json | tee -a tasks | sed 's/.*"task_id":"\\([^"]*\\)".*/\\1/')
        "$0" tasks update $task in_progress >&2; "$0" tasks update $task completed --result done >&2; "$0" tasks --as cowork >&2
        """), on: from)
    var (arrived, changed) = (Set<String>(), Set<String>())
    while arrived.count + changed.count < 4 {
      let shown = try await copy(from, to).output
      try #require(shown.hasSuffix("Both sides hold the same.\n"), "\(shown)")
      for (side, line) in zip(["messages", "tasks"], shown.split(separator: "\n").dropFirst()) {
        let counts = try line.matches(of: Regex("([0-9]+) ([a-z ]+)", as: (Substring, Substring, Substring).self)).map {
          (String($0.output.2), Int($0.output.1) ?? 0)
        }
        // Each is one of these; what changed as well is among them.
        let whole = counts.filter { ["added", "brought up to date", "there already", "arrived meanwhile"].contains($0.0) }
        #expect(counts[0].1 == whole.map(\.1).reduce(0, +), "\(line)")
        if line.contains("arrived meanwhile") { arrived.insert(side) }
        if line.contains("changed meanwhile") { changed.insert(side) }
      }
    }
    try Data().write(to: URL(fileURLWithPath: sandbox.home + "/stop"))
    let (written, worked) = (try await writing.outcome, try await working.outcome)
    #expect(written.status == 0 && worked.status == 0, "\(written.errors) \(worked.errors)")
    for round in 1...2 {
      let report = try await copy(from, to, "--json").json
      #expect(report["equal"] == true && report["messages"]?["newer_in_target"] == 0 && report["tasks"]?["newer_in_target"] == 0)
      if round == 2 { #expect(report["messages"]?["updated"] == 0 && report["tasks"]?["updated"] == 0) }
    }
    let copied = try await sandbox.run("export", "--database-url", to).output
    #expect(copied == (try await sandbox.run("export", "--database-url", from).output))
    let sent = try written.output.split(separator: "\n").map { try JSON(decoding: String($0)).text("message_id") }
    let created = try String(contentsOfFile: sandbox.home + "/tasks", encoding: .utf8).split(separator: "\n")
    for id in try sent + created.map({ try JSON(decoding: String($0)).text("task_id") }) {
      #expect(copied.components(separatedBy: "{\"id\":\"\(id)\"").count == 2, "\(id)")
    }
    #expect(copied.split(separator: "\n").count { $0.hasPrefix("{\"message\"") } == 3_000 + sent.count)
    #expect(copied.split(separator: "\n").count { $0.hasPrefix("{\"task\"") } == created.count)
  }

  private func start(_ script: String, on url: String) throws -> Running {
    try sandbox.start(["-c", script, Program.path], command: "/bin/sh", environment: ["COWORK_DATABASE_URL": url])
  }

  private func fillWithMessages(_ count: Int) async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', 'Message ' || i, i % 3 <> 0, datetime('now') FROM n;
      INSERT INTO message_details (message_id, reply_to) SELECT id, 'r' FROM messages;
      """)
  }

  @Test func anIdThatIsSomethingElseIsReportedAndLeftAlone() async throws {
    let other = sandbox.home + "/other.db"
    _ = try await sandbox.run("agents", "add", "code")
    _ = try await sandbox.run("agents", "add", "code", "--database-url", other)
    for (path, text) in [(sandbox.database, "mine"), (other, "theirs")] {
      try await sandbox.sqlite3("INSERT INTO messages VALUES ('same', 'cowork', 'code', '\(text)', 0, 'x')", in: path)
    }
    let outcome = try await copy(sandbox.database, other)
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("message same is something else in the target"))
    #expect(try await sandbox.sqlite3("SELECT content FROM messages", in: other) == "theirs")
    #expect(
      try await copy(sandbox.database, other, "--json").output.contains("\"first_differences\":[{\"id\":\"same\",\"fault\":\"different\"}]")
    )
  }

  @Test func whatCannotBeCopiedIsRefused() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    let same = try await copy(sandbox.database, "sqlite://" + sandbox.database)
    #expect(same.status == 1 && same.errors == "Both sides are the same store: name another one to copy to.\n")
    let none = try await copy(sandbox.home + "/none.db", sandbox.database)
    #expect(none.status == 1 && none.errors.hasPrefix("There is no store to copy from"))
    #expect(!FileManager.default.fileExists(atPath: sandbox.home + "/none.db"))
    let secret = try await copy(sandbox.database, "postgres://u:geheim@127.0.0.1:1/x?connect_timeout=1")
    #expect(secret.status == 1 && !secret.errors.contains("geheim") && secret.output.isEmpty)
    #expect(try await copy(sandbox.database, "", "--json").status == 64)
    #expect(try await copy(sandbox.database, sandbox.home + "/x.db", "--to-workspace", "w").status == 64)
    #expect(try await copy("mysql://x", sandbox.database).status == 64)
  }

  @Test(.timeLimit(.minutes(5))) func workspacesAreNamedForBothSidesOrOne() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    _ = try await sandbox.run("send", "cowork", "x")
    #expect(try await copy(sandbox.database, database.url, "--workspace", "one").status == 0)
    let within = try await copy(database.url, database.url, "--from-workspace", "one", "--to-workspace", "two", "--json")
    #expect(try within.json["messages"]?["added"] == 1)
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge_two.messages") == "1\n")
    #expect(try await copy(database.url, database.socketURL, "--workspace", "one").errors.contains("same store"))
    let none = try await copy(database.url, sandbox.home + "/c.db", "--workspace", "typo")
    #expect(none.status == 1 && none.errors.hasPrefix("There is no store to copy from"))
    #expect(try await database.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'cowork_bridge_typo'") == "0\n")
  }

  /// A file of another implementation has only the documented tables, and its copy accepts the documented commands.
  @Test(.timeLimit(.minutes(5))) func aFileOfAnotherImplementationIsCopiedAndTheCopyIsUsable() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let (other, back) = (sandbox.home + "/other.db", sandbox.home + "/back.db")
    try await sandbox.sqlite3(
      """
      CREATE TABLE messages (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, content TEXT, read INTEGER DEFAULT 0, created_at TEXT DEFAULT CURRENT_TIMESTAMP);
      CREATE TABLE tasks (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, title TEXT, description TEXT, status TEXT DEFAULT 'pending', created_at TEXT);
      INSERT INTO messages (id, sender, recipient, content) VALUES ('5F0C', 'cowork', 'code', 'hi');
      INSERT INTO tasks VALUES ('T', 'cowork', 'code', 'Look', 'x', 'pending', datetime('now'));
      """, in: other)
    #expect(try await copy(other, database.url, "--json").json["equal"] == true)
    #expect(try await copy(database.url, back, "--json").json["equal"] == true)
    let insert =
      "INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES ('new', 'cowork', 'code', 'Hello', 0, datetime('now'));"
    try await sandbox.sqlite3(insert, in: back)
    #expect(try await sandbox.sqlite3("SELECT id FROM messages WHERE recipient='code' AND read=0;", in: back) == "5F0C\nnew")
    #expect(try await sandbox.sqlite3("SELECT id, title, status, result FROM tasks;", in: back) == "T|Look|pending|")
    #expect(try await sandbox.run("read", "--json", "--database-url", back).json.list("messages").count == 2)
  }

  /// Whether it is an agent's or shared by all.
  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      "SELECT cowork_bridge.add_login('LOGIN', 'code')",
      "GRANT USAGE ON SCHEMA cowork_bridge TO LOGIN; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cowork_bridge TO LOGIN",
    ])
  func aLoginThatCanOnlyCallFunctionsIsRefused(_ grant: String) async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    _ = try await sandbox.run("send", "cowork", "x", "--database-url", database.url)
    let login = "part_\(database.name)"
    try await database.psql("CREATE ROLE \(login) LOGIN; \(grant.replacing("LOGIN", with: login))")
    let url = database.url.replacing("postgres://postgres", with: "postgres://\(login)")
    for arguments in [
      ["copy", "--from", url, "--to", sandbox.database], ["copy", "--from", sandbox.database, "--to", url],
      ["export", "--database-url", url],
      ["prune", "--older-than", "1d", "--database-url", url],
    ] {
      _ = try await sandbox.run("agents", "add", "code")
      let outcome = try await sandbox.run(arguments)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains("This login has no right on the tables of the store in"), "\(arguments) \(outcome.errors)")
    }
  }

  @Test func aBarIsForTerminalsOnly() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    let terminal = try TestTerminal()
    let arguments = ["copy", "--from", sandbox.database, "--to", sandbox.home + "/a.db"]
    let shown = try await sandbox.start(arguments, errors: terminal.slave).outcome
    #expect(shown.status == 0 && !shown.output.contains("["))
    let bar = terminal.printed()
    #expect(bar.contains("copying [##############################] 1/1") && bar.contains("checking [") && bar.hasSuffix("\r\u{1B}[K"))
    #expect(try await copy(sandbox.database, sandbox.home + "/b.db").errors == "")
  }
}
