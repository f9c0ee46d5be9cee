import Foundation
import MCP
import Testing

@Suite struct PruneTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func fill() async throws {
    _ = try await sandbox.run("agents")
    try await sandbox.sqlite(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', printf('%.1000c', 'x'), i % 10 <> 0, '2020-01-01T00:00:00.000Z' FROM n;
      """)
  }

  @Test func whatWouldGoIsWhatGoesAndTheFileShrinks() async throws {
    try await fill()
    let before = try await sandbox.sqlite("SELECT * FROM messages")
    let dry = try await sandbox.run("prune", "--older-than", "30d", "--dry-run")
    #expect(dry.output == "Would remove 2700 read messages and 0 ended tasks. Nothing was changed.\n" && dry.error == "")
    #expect(try await sandbox.sqlite("SELECT * FROM messages") == before)
    let pages = try await sandbox.sqlite("PRAGMA page_count")
    let done = try await sandbox.run("prune", "--older-than", "30d", "--json").json
    #expect(done["messages"] == 2700 && done["tasks"] == 0 && done["dry_run"] == false && done["bytes_reusable"] == 0)
    let returned = try #require(done["bytes_returned"]?.wholeNumber)
    #expect(returned > 2_000_000)
    let now = try await sandbox.sqlite("PRAGMA page_count")
    let difference = try #require(Int64(pages.dropLast())) - #require(Int64(now.dropLast()))
    #expect(difference * 4096 == returned)
    let size = try FileManager.default.attributesOfItem(atPath: sandbox.database)[.size] as? NSNumber
    #expect(try size?.int64Value == #require(Int64(now.dropLast())) * 4096)
    #expect(try await sandbox.sqlite("SELECT COUNT(*), SUM(read), MIN(rowid), MAX(rowid) FROM messages") == "300|0|10|3000\n")
    #expect(try await sandbox.run("prune", "--older-than", "0d").output == "Nothing is old enough: nothing was removed.\n")
    #expect(try await sandbox.sqlite("PRAGMA integrity_check") == "ok\n")
  }

  /// A file that another program made keeps its size, and the free pages are used again; its rows keep their numbers.
  @Test func aFileThatCannotShrinkSaysSo() async throws {
    try FileManager.default.createDirectory(atPath: sandbox.home + "/.cowork-code-mcp", withIntermediateDirectories: true)
    try await sandbox.sqlite(
      "CREATE TABLE messages (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, content TEXT, read INTEGER DEFAULT 0, created_at TEXT)")
    try await fill()
    let done = try await sandbox.run("prune", "--older-than", "30d", "--json").json
    #expect(done["messages"] == 2700 && done["bytes_returned"] == 0)
    #expect(try #require(done["bytes_reusable"]?.wholeNumber) > 2_000_000)
    #expect(try await sandbox.sqlite("SELECT MIN(rowid), MAX(rowid) FROM messages") == "10|3000\n")
  }

  @Test(arguments: ["30", "d", "30y", "-1d", "1.5d", "30 d", "99999999999999999999d", "36501d"])
  func anAgeThatIsNoneIsWrongUsage(_ age: String) async throws {
    let outcome = try await sandbox.start(Program.path, ["prune", "--older-than=\(age)"]).outcome
    #expect(outcome.status == 64 && outcome.error.contains("is no age: write a whole number and s, m, h, d or w"))
  }

  @Test func unitsMeanWhatTheySay() async throws {
    _ = try await sandbox.run("agents")
    for (age, minutes) in [("5400s", 90), ("90m", 90), ("12h", 720), ("2d", 2880), ("2w", 20160)] {
      for (id, offset) in [("old", minutes + 5), ("young", minutes - 5)] {
        try await sandbox.sqlite("INSERT INTO messages VALUES ('\(id) \(age)', 'a', 'code', 'x', 1, datetime('now', '-\(offset) minutes'))")
      }
      #expect(try await sandbox.run("prune", "--older-than", age, "--json").json["messages"] == 1)
      #expect(try await sandbox.sqlite("DELETE FROM messages RETURNING id") == "young \(age)\n")
    }
  }
}
