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
    let task = try await sandbox.run("tasks", "create", "cowork", "Look", "--json").json.text("task_id")
    let old = try await sandbox.run("send", "cowork", "an old currency", "--task", task, "--json").json.text("message_id")
    let new = try await sandbox.run("send", "cowork", "a new matter", "--json").json.text("message_id")
    _ = try await sandbox.run("send", "code", "from the reviewer", "--as", "reviewer")
    func ids(_ arguments: String...) async throws -> [JSON?] {
      try await sandbox.run(["history", "--json"] + arguments).json.list("messages").map { $0["id"] }
    }
    #expect(try await ids("old", "curr") == [.string(old)])
    #expect(try await ids("--task", task) == [.string(old)])
    #expect(try await ids("--with", "cowork") == [.string(new), .string(old)])
    #expect(try await ids("--before", new) == [.string(old)])
    #expect(try await ids("--with", "cowork", "--limit", "1") == [.string(new)])
    #expect(try await sandbox.run("history", "--with", "cowork", "--limit", "1").output.contains("There are older ones: --before \(new)"))
    #expect(try await sandbox.run("history", "zzz").output.hasPrefix("No such messages.\n"))
  }

  @Test(.timeLimit(.minutes(1))) func aTextOfManyMegabytesIsShownAtOnce() async throws {
    _ = try await sandbox.run("agents", "add", "code")
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

  @Test func oneIsRemovedUnlessItIsNeeded() async throws {
    _ = try await sandbox.run("agents", "add", "reviewer")
    _ = try await sandbox.run("send", "reviewer", "x")
    let refused = try await sandbox.run("agents", "remove", "reviewer")
    #expect(refused.status == 1 && refused.errors.contains("1 unread message waits for it"))
    _ = try await sandbox.run("read", "--as", "reviewer")
    #expect(try await sandbox.run("agents", "remove", "reviewer").output == "reviewer is forgotten.\n")
    #expect(try await names() == ["code", "cowork"])
    let missing = try await sandbox.run("agents", "remove", "reviewer")
    #expect(missing.status == 1 && missing.errors.hasPrefix("There is no agent \"reviewer\""))
    #expect(try await sandbox.run("agents", "remove", "code", "--force").errors.contains("it always exists"))
    let server = try await sandbox.serve("online")
    _ = try await server.call("list_agents")
    #expect(try await sandbox.run("agents", "remove", "online").errors.contains("it is online"))
    #expect(try await sandbox.run("agents", "remove", "online", "--force", "--json").json["name"] == "online")
    #expect(await server.end() == .exited(0))
  }

  /// A name that was mistyped, where something is only looked at or refused, makes no agent.
  @Test func aMistypedNameMakesNone() async throws {
    for arguments in [
      ["read"], ["read", "--peek"], ["history"], ["tasks"], ["agents"], ["wait", "--timeout", "0"], ["send", "nobody", "x"],
      ["tasks", "create", "nobody", "t"], ["tasks", "update", "none", "completed"], ["tasks", "show", "none"],
      ["agents", "remove", "none"], ["send", "cowork", ""],
    ] {
      _ = try await sandbox.run(arguments + ["--as", "typo"])
      #expect(try await names() == ["code", "cowork"], "\(arguments)")
    }
    #expect(try await sandbox.run("send", "cowork", "x", "--as", "new").status == 0)
    #expect(try await names() == ["code", "cowork", "new"])
    #expect(try await sandbox.run("send", "new", "x").status == 0)
    #expect(try await sandbox.run("read", "--as", "new").output.contains("  x\n"))
  }

  private func names() async throws -> [String] {
    try await sandbox.run("agents", "--json").json.list("agents").compactMap { $0["name"]?.stringValue }
  }
}
