import ArgumentParser
import Foundation

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show two real servers of this program talk to each other.",
    discussion: """
      Starts a server as code and one as cowork on a store of their own in a temporary folder, and speaks MCP to both. Nothing of yours \
      is read or changed, and nothing is left behind. It succeeds only if each step was really observed.

      Examples:
        cowork-code-mcp-server demo
        cowork-code-mcp-server demo --json
      """)

  @Flag(help: "Print the steps as one line of JSON.")
  var json = false

  func run() async throws {
    Colours.prepare(plain: json)
    try await CommandFailure.reported {
      let executable = try ThisProgram.found()
      let report = DemoReport(json: json)
      do {
        try await stage(report, executable)
      } catch {
        try? await report.printJSON(executable: executable)
        throw error
      }
      try await report.printJSON(executable: executable)
    }
  }

  /// Builds the stage, plays, and clears it away in any case.
  private func stage(_ report: DemoReport, _ executable: String) async throws {
    let interruption = Interruption()
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let start = { (agent: String) in
      try ServerChild(executable, ["serve", agent, "--database-url", "sqlite://\(folder.path)/messages.db"], home: folder.path)
    }
    try await report.tell(
      "\(Colours.strong("Two agents, one bridge")): two real servers of this program, on the throwaway store \(folder.path)/messages.db\n")
    let code = DemoClient(agent: "code", server: try start("code"))
    let coworkServer: ServerChild
    do { coworkServer = try start("cowork") } catch {
      _ = await code.end()
      throw error
    }
    let cowork = DemoClient(agent: "cowork", server: coworkServer)
    do {
      try await interruption.during([code, cowork], limit: .seconds(50)) {
        try await DemoScript(code: code, cowork: cowork, report: report).play()
      }
    } catch {
      _ = await (code.end(), cowork.end())
      throw error
    }
    try await report.step("Both servers end when their clients leave") { seen in
      for client in [code, cowork] {
        let status = await client.end()
        guard status == 0 else {
          throw CommandFailure("the server of \(client.agent) ended with status \(status.map(String.init) ?? "unknown")")
        }
        seen.note("\(Colours.agent(client.agent))  process \(client.server.pid) has ended")
      }
    }
    try await report.conclude(executable: executable)
  }
}

/// A folder that is there for a while.
private struct TemporaryFolder {
  let path: String

  init() throws {
    var template = Array((NSTemporaryDirectory() as NSString).appendingPathComponent("cowork-bridge-demo.XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      let reason = String(cString: strerror(errno))
      throw CommandFailure("No temporary folder can be made (\(reason)): set TMPDIR to one that can be written to.")
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
