import Foundation
import ProcessTesting
import Testing

@Suite struct ReadTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func readingTakesOnce() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    _ = try await sandbox.run("send", "cowork", "two")
    let first = try await sandbox.run("read", "--as", "cowork")
    #expect(first.status == 0)
    #expect(first.output.contains("code → cowork"))
    #expect(try #require(first.output.range(of: "  one\n")).lowerBound < #require(first.output.range(of: "  two\n")).lowerBound)
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages WHERE read = 1; SELECT COUNT(*) FROM leases") == "2\n0")
    #expect(try await sandbox.run("read", "--as", "cowork").output == "No unread messages for cowork.\n")
  }

  @Test func peekingMarksNothing() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    #expect(try await sandbox.run("read", "--as", "cowork", "--peek").output.contains("  one\n"))
    #expect(try await sandbox.sqlite3("SELECT read FROM messages") == "0")
    #expect(try await sandbox.run("read", "--as", "cowork", "--json").json.list("messages").count == 1)
  }

  @Test func limitAndSenderChoose() async throws {
    for text in ["one", "two"] { _ = try await sandbox.run("send", "cowork", text) }
    _ = try await sandbox.run("send", "cowork", "other", "--as", "reviewer")
    let others = try await sandbox.run("read", "--as", "cowork", "--from", "reviewer", "--json").json
    #expect(try others.list("messages").map { $0["content"] } == ["other"])
    let limited = try await sandbox.run("read", "--as", "cowork", "--limit", "1")
    #expect(limited.output.contains("  one\n") && !limited.output.contains("  two\n"))
    #expect(limited.output.contains("1 more unread message: read again."))
    #expect(try await sandbox.run("read", "--limit", "201").status == 64)
  }

  /// Not every system has /dev/full.
  static let brokenOutputs = FileManager.default.fileExists(atPath: "/dev/full") ? ["closed", "full", "broken"] : ["closed", "broken"]

  @Test(arguments: brokenOutputs)
  func whatCannotBeWrittenStaysUnread(_ kind: String) async throws {
    _ = try await sandbox.run("send", "cowork", "precious")
    let outcome =
      switch kind {
      case "closed": try await sandbox.shell("\"$0\" read --as cowork >&-")
      case "full": try await sandbox.run("read", "--as", "cowork", output: .open("/dev/full", .writeOnly))
      default: try await sandbox.run("read", "--as", "cowork", "--json", output: LinePipe.broken())
      }
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("Standard output cannot be written to ("))
    #expect(outcome.errors.hasSuffix("), so nothing was marked as read.\n"))
    #expect(try await sandbox.sqlite3("SELECT read FROM messages; SELECT COUNT(*) FROM leases") == "0\n0")
    #expect(try await sandbox.sqlite3("PRAGMA integrity_check") == "ok")
    let again = try await sandbox.run("read", "--as", "cowork", "--json").json.list("messages")
    #expect(again.map { $0["content"] } == ["precious"])
    #expect(again.map { $0["redelivered"] } == [false])
  }

  @Test func waitingEndsWithTheMessage() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    let errors = try LinePipe()
    let reading = try sandbox.start(["read", "--as", "cowork", "--wait", "60", "--log-level", "debug"], errors: errors.writing)
    try await errors.lines(to: "waiting")
    let start = ContinuousClock.now
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('by-hand', 'code', 'cowork', 'typed', 0, datetime('now'))")
    let outcome = try await reading.outcome
    // Without the wake-up it would look again half a minute later.
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("by-hand\n  typed\n"))
    #expect(try await sandbox.sqlite3("SELECT read FROM messages") == "1")
  }

  @Test func waitingEndsWithTheTime() async throws {
    let outcome = try await sandbox.run("read", "--wait", "1")
    #expect(outcome.status == 0)
    #expect(outcome.output == "No unread messages for code.\n")
  }

  @Test func peersCannotSteerTheTerminal() async throws {
    let evil = "\u{1B}[2J\u{1B}]0;owned\u{07}\u{9B}31m\rgone\u{7F}\u{202E}\ttab\r\nnext"
    _ = try await sandbox.run("send", "cowork", evil)
    let shown = try await sandbox.run("read", "--as", "cowork", "--peek").output
    #expect(shown.contains("  ␛[2J␛]0;owned␇\\u{9B}31m␍gone␡\\u{202E}\ttab\n  next\n"))
    #expect(!shown.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t" })
    let exact = try await sandbox.run("read", "--as", "cowork", "--json").json.list("messages")
    #expect(exact.map { $0["content"] } == [.string(evil)])
  }

  @Test func fieldsOfRowsByHandStayInTheirLine() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('a' || char(10) || 'b', 'x' || char(27), 'cowork', NULL, NULL, NULL)")
    #expect(try await sandbox.run("read", "--as", "cowork").output == "x␛ → cowork  –  a␊b\n\n")
  }
}
