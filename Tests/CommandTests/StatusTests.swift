import Foundation
import ProcessTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct StatusTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func itTellsWhoIsThereWhatIsUnreadAndWhichTasksAreOpen() async throws {
    _ = try await sandbox.run("send", "cowork", "unread")
    _ = try await sandbox.run("tasks", "create", "cowork", "waits")
    let held = try await sandbox.run("tasks", "create", "cowork", "held by the dead", "--json").json.text("task_id")
    _ = try await sandbox.run("tasks", "update", held, "in_progress", "--as", "cowork")
    try await sandbox.sqlite3(
      """
      UPDATE task_details SET held_until = '2001-01-31T12:00:00.000Z' WHERE holder IS NOT NULL;
      UPDATE messages SET created_at = datetime('now', '-2 hours');
      INSERT INTO messages (id, recipient, content) VALUES ('stray', 'cowrok', 'misspelled');
      INSERT INTO instances VALUES ('i', 'code', 'elsewhere', 'another machine|1|1', NULL, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
      """)
    let shown = try await sandbox.run("status")
    #expect(shown.status == 0)
    let rows = shown.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.contains { $0.prefix(2) == ["code", "online"] } && rows.contains { $0.prefix(2) == ["cowork", "offline"] })
    #expect(shown.output.contains("2 unread messages, the oldest for 2 h.") && shown.output.contains("for cowrok, which is no agent"))
    #expect(shown.output.contains("2 open tasks, 1 of them stale."))
    let stale = try #require(shown.output.range(of: "held by the dead"))
    #expect(try stale.lowerBound < #require(shown.output.range(of: "waits")).lowerBound)
    let json = try await sandbox.run("status", "--json").json
    #expect(json["unread_messages"] == 2 && json["open_tasks"] == 2 && json["stale_tasks"] == 1)
    #expect(try json.list("tasks").map { $0["stale"] } == [true, false])
    #expect(try json.list("agents").map { $0["online"] } == [true, false])
    #expect(7_000..<9_000 ~= json["oldest_unread_seconds"]?.doubleValue ?? 0)
  }

  @Test func itIsOneScreenHoweverMuchThereIs() async throws {
    for number in 1...12 { _ = try await sandbox.run("agents", "add", "agent-\(number)-\(String(repeating: "n", count: 40))") }
    try await sandbox.sqlite3(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
      INSERT INTO tasks (id, sender, recipient, title, status, created_at)
        SELECT 'task-number-' || i, 'code', 'stranger-' || (i % 7), 'A title that goes on for longer than a line has columns ' || i, 'pending', 'odd' FROM n;
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
      INSERT INTO messages (id, recipient, content) SELECT i, 'stranger-' || i || char(27), 'x' FROM n;
      """)
    let lines = try await sandbox.run("status").output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.contains("and 292 more: tasks --as NAME lists them"))
    #expect(lines.count <= 30 && lines.allSatisfy { $0.count <= 80 }, "\(lines.joined(separator: "\n"))")
    #expect(!lines.joined().contains("\u{1B}"))
  }

  @Test func whatIsOfATimeToComeHasNoAge() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3(
      """
      INSERT INTO tasks (id, sender, recipient, title, status, created_at) VALUES ('t', 'code', 'code', 'later', 'pending', '2999-01-01');
      INSERT INTO messages (id, recipient, content, created_at) VALUES ('m', 'code', 'later', '2999-01-01');
      """)
    let json = try await sandbox.run("status", "--json").json
    #expect(try json.list("tasks").map { $0["age_seconds"] } == [0.0] && json["oldest_unread_seconds"] == 0.0)
  }

  @Test func anEmptyStoreHasNothing() async throws {
    let shown = try await sandbox.run("status").output
    #expect(shown.contains("Nothing is unread.\n") && shown.contains("No task is open.\n"))
  }
}
