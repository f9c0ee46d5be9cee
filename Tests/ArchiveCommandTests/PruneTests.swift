import Foundation
import PostgresTesting
import ProcessTesting
import Testing

@Suite struct PruneTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func fill() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', printf('%.1000c', 'x'), i % 10 <> 0, '2020-01-01T00:00:00.000Z' FROM n;
      """)
  }

  @Test func whatWouldGoIsWhatGoesAndTheFileShrinks() async throws {
    try await fill()
    let before = try await sandbox.sqlite3("SELECT * FROM messages")
    let dry = try await sandbox.run("prune", "--older-than", "30d", "--dry-run")
    #expect(dry.output == "Would remove 2700 read messages and 0 ended tasks. Nothing was changed.\n" && dry.errors == "")
    #expect(try await sandbox.sqlite3("SELECT * FROM messages") == before)
    let pages = try await sandbox.sqlite3("PRAGMA page_count")
    let done = try await sandbox.run("prune", "--older-than", "30d", "--json").json
    #expect(done["messages"] == 2700 && done["tasks"] == 0 && done["dry_run"] == false && done["bytes_reusable"] == 0)
    let returned = try #require(done["bytes_returned"]?.wholeNumber)
    #expect(returned > 2_000_000)
    let now = try await sandbox.sqlite3("PRAGMA page_count")
    let difference = try #require(Int64(pages)) - #require(Int64(now))
    #expect(difference * 4096 == returned)
    let size = try FileManager.default.attributesOfItem(atPath: sandbox.database)[.size] as? NSNumber
    #expect(try size?.int64Value == #require(Int64(now)) * 4096)
    #expect(try await sandbox.sqlite3("SELECT COUNT(*), SUM(read), MIN(rowid), MAX(rowid) FROM messages") == "300|0|10|3000")
    #expect(try await sandbox.run("prune", "--older-than", "0d").output == "Nothing is old enough: nothing was removed.\n")
    #expect(try await sandbox.sqlite3("PRAGMA integrity_check") == "ok")
  }

  /// A file that another program made keeps its size and its row numbers; free pages are reused.
  @Test func aFileThatCannotShrinkSaysSo() async throws {
    try FileManager.default.createDirectory(atPath: sandbox.home + "/.cowork-code-mcp", withIntermediateDirectories: true)
    try await sandbox.sqlite3(
      "CREATE TABLE messages (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, content TEXT, read INTEGER DEFAULT 0, created_at TEXT)")
    try await fill()
    let done = try await sandbox.run("prune", "--older-than", "30d", "--json").json
    #expect(done["messages"] == 2700 && done["bytes_returned"] == 0)
    #expect(try #require(done["bytes_reusable"]?.wholeNumber) > 2_000_000)
    #expect(try await sandbox.sqlite3("SELECT MIN(rowid), MAX(rowid) FROM messages") == "10|3000")
  }

  @Test(.timeLimit(.minutes(5))) func onPostgresTheSameGoesAndItSaysWhatCameBack() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let url = database.url
    // The remaining rows come first: only free space at the end of a table is returned to the system.
    for (age, title) in [("open", "stays"), ("ended, not seen", "stays"), ("ended and seen", "goes")] {
      let task = try await sandbox.run("tasks", "create", "cowork", title, "--json", "--database-url", url).json.text("task_id")
      if age != "open" { _ = try await sandbox.run("tasks", "update", task, "completed", "--as", "cowork", "--database-url", url) }
      if age == "ended and seen" { _ = try await sandbox.run("tasks", "show", task, "--database-url", url) }
    }
    try await database.psql(
      """
      UPDATE cowork_bridge.tasks SET created_at = '2020-01-01T00:00:00.000Z', updated_at = '2020-01-01T00:00:00.000Z';
      INSERT INTO cowork_bridge.messages (id, sender, recipient, content, read, created_at)
        SELECT 'unread' || i, 'cowork', 'code', 'x', nullif(i % 2, 1), '2020-01-01T00:00:00.000Z' FROM generate_series(1, 300) i
        UNION ALL VALUES ('young', 'cowork', 'code', 'x', 1, now()::text), ('timeless', 'cowork', 'code', 'x', 1, 'some day')
        UNION ALL SELECT 'old' || i, 'cowork', 'code', repeat('x', 1000), 1, '2020-01-01T00:00:00.000Z' FROM generate_series(1, 2700) i
      """)
    let rows = """
      SELECT m.* FROM cowork_bridge.messages m ORDER BY seq; SELECT t.* FROM cowork_bridge.tasks t ORDER BY seq;
      SELECT d.* FROM cowork_bridge.task_details d ORDER BY task_id; SELECT e.* FROM cowork_bridge.task_events e ORDER BY seq
      """
    let before = try await database.psql(rows)
    let dry = try await sandbox.run("prune", "--older-than", "30d", "--dry-run", "--database-url", url)
    #expect(dry.output == "Would remove 2700 read messages and 1 ended task. Nothing was changed.\n" && dry.status == 0 && dry.errors == "")
    #expect(try await database.psql(rows) == before)
    let size = "SELECT pg_table_size('cowork_bridge.messages')"
    let pages = try await database.psql(size)
    let done = try await sandbox.run("prune", "--older-than", "30d", "--json", "--database-url", url).json
    #expect(done["dry_run"] == false && done["messages"] == 2700 && done["tasks"] == 1 && done["bytes_reusable"] == .null)
    #expect(try #require(done["bytes_returned"]?.wholeNumber) > 1_000_000)
    #expect(try #require(Int(try await database.psql(size).dropLast())) < #require(Int(pages.dropLast())) - 1_000_000)
    #expect(
      try await database.psql("SELECT count(*), count(*) FILTER (WHERE COALESCE(read, 0) = 0) FROM cowork_bridge.messages") == "302|300\n")
    #expect(try await database.psql("SELECT title, status FROM cowork_bridge.tasks ORDER BY seq") == "stays|pending\nstays|completed\n")
    #expect(try await database.psql("SELECT count(DISTINCT task_id) FROM cowork_bridge.task_events") == "2\n")
    try await database.psql("UPDATE cowork_bridge.messages SET read = 1 WHERE id = 'unread1'")
    let shown = try await sandbox.run("prune", "--older-than", "30d", "--database-url", url).output
    #expect(shown.hasPrefix("Removed 1 read message and 0 ended tasks. "))
    #expect(shown.hasSuffix(" bytes came back, and what else is free in the tables is for what comes next.\n"))
    #expect(try await sandbox.run("prune", "--older-than", "30d", "--database-url", url).output.hasPrefix("Nothing is old enough"))
  }

  @Test(arguments: ["30", "d", "30y", "-1d", "1.5d", "30 d", "99999999999999999999d", "36501d"])
  func anAgeThatIsNoneIsWrongUsage(_ age: String) async throws {
    let outcome = try await sandbox.run(["prune", "--older-than=\(age)"])
    #expect(outcome.status == 64 && outcome.errors.contains("is no age: write an age such as"))
  }

  @Test func unitsMeanWhatTheySay() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    for (age, minutes) in [("5400s", 90), ("90m", 90), ("12h", 720), ("2d", 2880), ("2w", 20160)] {
      for (id, offset) in [("old", minutes + 5), ("young", minutes - 5)] {
        try await sandbox.sqlite3(
          "INSERT INTO messages VALUES ('\(id) \(age)', 'a', 'code', 'x', 1, datetime('now', '-\(offset) minutes'))")
      }
      #expect(try await sandbox.run("prune", "--older-than", age, "--json").json["messages"] == 1)
      #expect(try await sandbox.sqlite3("DELETE FROM messages RETURNING id") == "young \(age)")
    }
  }
}
