import Foundation
import ProcessTesting
import Testing

@Suite struct WaitTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func whatIsThereEndsItAtOnceAndStays() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    _ = try await sandbox.run("tasks", "create", "cowork", "do")
    let outcome = try await sandbox.run("wait", "--as", "cowork")
    #expect(outcome.status == 0)
    #expect(outcome.output == "For cowork: 1 unread message, 1 task with news.\n")
    #expect(try await sandbox.run("wait", "--as", "cowork", "--json").json == ["messages": 1, "tasks": 1])
    #expect(try await sandbox.sqlite3("SELECT read FROM messages") == "0")
  }

  @Test func timeOutIsStatus3() async throws {
    let start = ContinuousClock.now
    let outcome = try await sandbox.run("wait", "--timeout", "1")
    #expect(ContinuousClock.now - start >= .seconds(1))
    #expect(outcome.status == 3)
    #expect(outcome.output == "Nothing waits for code.\n")
    let json = try await sandbox.run("wait", "--timeout", "0", "--json")
    #expect(json.status == 3)
    #expect(try json.json == ["messages": 0, "tasks": 0])
  }

  @Test func onlyWhatIsWantedCounts() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    #expect(try await sandbox.run("wait", "--as", "cowork", "--for", "tasks", "--timeout", "0").status == 3)
    #expect(try await sandbox.run("wait", "--as", "cowork", "--for", "messages", "--timeout", "0").status == 0)
    _ = try await sandbox.run("tasks", "create", "code", "do", "--as", "cowork")
    #expect(try await sandbox.run("wait", "--for", "messages", "--timeout", "0").status == 3)
    #expect(try await sandbox.run("wait", "--for", "tasks", "--timeout", "0").output == "For code: 1 task with news.\n")
  }

  @Test(arguments: [
    "INSERT INTO messages VALUES ('by-hand', 'cowork', 'code', 'typed', 0, datetime('now'))",
    "INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('by-hand', 'cowork', 'code', 'typed', 'pending')",
  ])
  func aRowTypedByHandWakesIt(_ sql: String) async throws {
    _ = try await sandbox.run("agents", "add", "code")
    let errors = try LinePipe()
    let waiting = try sandbox.start(["wait", "--log-level", "debug"], errors: errors.writing)
    try await errors.lines(to: "waiting")
    let start = ContinuousClock.now
    try await sandbox.sqlite3(sql)
    let outcome = try await waiting.outcome
    // Without the wake-up it would look again half a minute later.
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("For code: 1 "))
  }

  @Test func whatADeadReaderHeldIsFound() async throws {
    _ = try await sandbox.run("send", "cowork", "held")
    // An expired lease: its reader died before it could print.
    try await sandbox.sqlite3(
      """
      UPDATE messages SET read = 1;
      INSERT INTO leases VALUES ('l', 'cowork', 'i', 'gone', '2000-01-01T00:00:00.000Z');
      INSERT INTO lease_items SELECT 'l', 'message', rowid, id FROM messages;
      """)
    #expect(try await sandbox.run("wait", "--as", "cowork", "--timeout", "0", "--json").json["messages"] == 1)
  }

  @Test(arguments: [["--timeout", "-1"], ["--timeout", "86401"], ["--for", "money"]])
  func wrongUsageIs64(_ arguments: [String]) async throws {
    #expect(try await sandbox.run(["wait"] + arguments).status == 64)
  }
}
