import Foundation
import MCPClient
import ProcessTesting
import SystemSupport
import Testing

/// What is idle in the log goes into the file.
extension ProcessTests {
  /// Copies the file alone, again and again, until the copy has so many messages.
  private func untilCopyHas(_ count: Int, _ sandbox: Sandbox) async throws {
    let deadline = ContinuousClock.now + .seconds(25)
    var found = ""
    repeat {
      let outcome = try await sandbox.shell(
        "cp .cowork-code-mcp/messages.db copy.db; sqlite3 copy.db 'PRAGMA integrity_check; SELECT COUNT(*) FROM messages'")
      found = outcome.output
      if found == "ok\n\(count)\n" { return }
    } while ContinuousClock.now < deadline
    Issue.record("the copy has \(found)")
  }

  @Test func aCopyOfAnIdleFileIsWhole() async throws {
    let sandbox = try Sandbox()
    let servers = [try await sandbox.serve("code"), try await sandbox.serve("cowork")]
    try await servers[0].send((1...50).map { "\($0)" }, to: "cowork")
    try await untilCopyHas(50, sandbox)
    // Neither process of these two stays, and the servers have nothing to do.
    #expect(try await sandbox.run("send", "cowork", "from a command").status == 0)
    try await untilCopyHas(51, sandbox)
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('x', 'code', 'cowork', 'by hand', 0, datetime('now'))")
    try await untilCopyHas(52, sandbox)
    #expect(try await servers[1].readAll().count == 52)
    for server in servers { try await server.stop() }
  }

  @Test func aLogThatGrewBehindALongReaderShrinksWithoutARestart() async throws {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("code")
    try await server.send(["first"], to: "cowork")
    let input = try FileDescriptor.makePipe()
    let output = try FileDescriptor.makePipe()
    let reader = try ChildProcess(
      ["sqlite3", sandbox.database], environment: ["PATH": "/usr/bin:/bin"], input: .descriptor(input.reading),
      output: .descriptor(output.writing))
    try input.writing.writeCompletely(Array("BEGIN; SELECT content FROM messages;\n".utf8))
    #expect(try output.reading.readSome(upTo: 100) == Array("first\n".utf8))
    func size() -> Int64 { FileRights(path: sandbox.database + "-wal")?.size ?? 0 }
    while size() < 40 << 20 { try await server.send([String](repeating: String(repeating: "x", count: 200_000), count: 20), to: "cowork") }
    reader.kill()
    _ = await reader.exit()
    for end in [input.reading, input.writing, output.reading, output.writing] { try end.close() }
    let deadline = ContinuousClock.now + .seconds(25)
    while size() > 16 << 20, ContinuousClock.now < deadline { try await sandbox.sqlite3("SELECT 1") }
    #expect(size() <= 16 << 20)
    try await server.stop()
    try await sandbox.expectIntegrity()
  }
}
