import Foundation
import JSON
import ProcessTesting
import Testing

@Suite struct HistoryTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func itIsNewestFirstAndSaysWhatWasRead() async throws {
    _ = try await sandbox.run("send", "cowork", "first")
    _ = try await sandbox.run("read", "--as", "cowork")
    _ = try await sandbox.run("send", "cowork", "second")
    let shown = try await sandbox.run("history").output
    #expect(try #require(shown.range(of: "  second\n")).lowerBound < #require(shown.range(of: "  first\n")).lowerBound)
    #expect(shown.contains("(not read yet)\n  second") && shown.contains("(read at 2"))
    #expect(try await sandbox.run("history", "--json").json.list("messages").map { $0["read"] } == [false, true])
  }

  @Test func itIsNarrowed() async throws {
    let old = try await sandbox.run("send", "cowork", "an old currency", "--task", "t", "--json").json.text("message_id")
    let new = try await sandbox.run("send", "cowork", "a new matter", "--json").json.text("message_id")
    _ = try await sandbox.run("send", "code", "from the reviewer", "--as", "reviewer")
    func ids(_ arguments: String...) async throws -> [JSON?] {
      try await sandbox.run(["history", "--json"] + arguments).json.list("messages").map { $0["id"] }
    }
    #expect(try await ids("old", "curr") == [.string(old)])
    #expect(try await ids("--task", "t") == [.string(old)])
    #expect(try await ids("--with", "cowork") == [.string(new), .string(old)])
    #expect(try await ids("--before", new) == [.string(old)])
    #expect(try await ids("--with", "cowork", "--limit", "1") == [.string(new)])
    #expect(try await sandbox.run("history", "--with", "cowork", "--limit", "1").output.contains("There are older ones: --before \(new)"))
    #expect(try await sandbox.run("history", "zzz").output.hasPrefix("No such messages.\n"))
  }

  @Test(.timeLimit(.minutes(1))) func aTextOfManyMegabytesIsShownAtOnce() async throws {
    _ = try await sandbox.run("agents")
    try await sandbox.sqlite3(
      """
      INSERT INTO messages SELECT 'm', 'cowork', 'code', replace(hex(zeroblob(500000)), '00', 'lörem  ') || char(27) || '[end]', 0, datetime('now')
      """)
    #expect(try await sandbox.run("history").output.contains("␛[end]"))
    #expect(try await sandbox.run("export", "--format", "markdown").output.contains("␛[end]"))
  }

  @Test func wrongValuesAreTold() async throws {
    let outcome = try await sandbox.run("history", "--before", "yesterday")
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("before is neither the id of a known message nor a time"))
    #expect(try await sandbox.run("history", "--limit", "1000").status == 64)
  }
}

@Suite struct AgentsTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func theyAreListedWithWhatWaits() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    let lines = try await sandbox.run("agents").output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.count == 3)
    #expect(lines[1].prefix(5) == ["code", "*", "offline", "0", "0"])
    #expect(lines[2].prefix(4) == ["cowork", "offline", "1", "0"])
  }

  @Test func oneIsAdded() async throws {
    #expect(try await sandbox.run("agents", "add", "reviewer").output == "reviewer is known.\n")
    #expect(try await sandbox.run("agents", "add", "reviewer", "--json").json["name"] == "reviewer")
    #expect(try await sandbox.run("agents", "list", "--json").json.list("agents").map { $0["name"] } == ["code", "cowork", "reviewer"])
    #expect(try await sandbox.run("agents", "add", "No Name").status == 64)
    #expect(try await sandbox.run("send", "reviewer", "x").status == 0)
  }
}
