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
    let interruption = try Interruption()
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = "\(folder.path)/messages.db"
    try await report.tell(
      "\(Colours.strong("Two agents, one bridge")): two real servers of this program, on the throwaway store \(store)\n")
    // Nothing of the user's environment that a server heeds.
    let environment = ["HOME": folder.path, "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
    let agents = try ["code", "cowork"].map {
      try ServedAgent($0, ["serve", $0, "--database-url", "sqlite://\(store)"], environment: environment)
    }
    try await ServedAgent.during(agents, limit: .seconds(50), interruption: interruption) {
      try await DemoScript(code: agents[0], cowork: agents[1], report: report).play()
    }
    try await report.conclude(executable: executable)
  }
}

/// A folder of this process's own.
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
