import Foundation
import MCPClient
import ProcessTesting
import SystemSupport
import Testing

/// The small files of the program beside the database, and where they lie.
extension ProcessTests {
  @Test(arguments: ["mkfifo", "ln -s ../victim", "ln victim", "ln -s missing"])
  func whateverLiesInPlaceOfASidecarHoldsNobodyUp(make: String) async throws {
    let sandbox = try Sandbox()
    #expect(try await sandbox.run("send", "cowork", "first").status == 0)
    let outcome = try await sandbox.shell(
      "cd .cowork-code-mcp; rm messages.db-*; echo precious > ../victim; "
        + "for name in doorbell upkeep wal-owner; do (cd \(make == "ln victim" ? ".." : "."); \(make) "
        + "\(make == "ln victim" ? ".cowork-code-mcp/" : "")messages.db-$name); done")
    #expect(outcome.status == 0, "\(outcome)")
    let server = try await sandbox.serve("cowork")
    #expect(try await server.readAll().map(\.content) == ["first"])
    let waiting = server.beginCall("wait_for_updates", ["timeout_seconds": 50])
    #expect(try await sandbox.run("send", "cowork", "second").status == 0)
    _ = try await waiting.arrival()
    #expect(Received.all(from: server).map(\.content) == ["first", "second"])
    try await server.stop()
    #expect(sandbox.read("victim") == "precious\n" && sandbox.read("missing") == nil)
  }

  @Test(arguments: [true, false])
  func allLiesBesideTheTargetOfALink(exists: Bool) async throws {
    let sandbox = try Sandbox()
    try sandbox.write("", to: ".cowork-code-mcp/x")
    try sandbox.write("", to: "elsewhere/x")
    let target = sandbox.home + "/elsewhere/real.db"
    if exists { #expect(try await sandbox.run("send", "cowork", "first", "--database-url", target).status == 0) }
    #expect(try await sandbox.shell("umask 022; ln -s ../elsewhere/real.db .cowork-code-mcp/messages.db").status == 0)
    let server = try await sandbox.serve("code")
    try await server.send(["second"], to: "cowork")
    #expect(sandbox.files.filter { $0.hasPrefix(".cowork-code-mcp/") } == [".cowork-code-mcp/messages.db", ".cowork-code-mcp/x"])
    let besides = sandbox.files.filter { $0.hasPrefix("elsewhere/real.db") }
    #expect(besides.count > 4)
    for file in besides { #expect(FileRights(path: sandbox.home + "/" + file)?.mode == 0o600, "\(file)") }
    #expect(try await server.call("search_history", ["limit": 10])["messages"]?.arrayValue?.count == (exists ? 2 : 1))
    try await server.stop()
  }
}
