import ArgumentParser
import Foundation
import SystemSupport

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
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

  @OptionGroup var colour: ColourOption

  func run() async throws {
    let report = DemoReport(json: json, executable: try ThisProgram.found())
    do { try await stage(report) } catch {
      try? await report.printJSON()
      throw error
    }
    try await report.printJSON()
  }

  /// Sets everything up, plays the script, and removes all of it again.
  private func stage(_ report: DemoReport) async throws {
    let interruption = try ServedAgent.interruption()
    let folder: String
    do { folder = try FileSystem.makeTemporaryFolder(in: Environment["TMPDIR"] ?? "/tmp", "cowork-bridge-demo") } catch {
      throw CommandFailure("No temporary folder can be made (\(error.code)): set TMPDIR to one that can be written to.")
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = "\(folder)/messages.db"
    try await report.tell(
      "\(Colours.strong("Two agents, one bridge")): two real servers of this program, on the throwaway store \(store)\n")
    // Nothing else of the user's environment reaches the servers.
    let environment = ["HOME": folder, "PATH": Environment["PATH"] ?? "/usr/bin:/bin"]
    let agents = try ["code", "cowork"].map {
      try ServedAgent($0, ["serve", $0, "--database-url", "sqlite://\(store)"], environment: environment)
    }
    try await ServedAgent.during(agents, limit: .seconds(50), interruption: interruption) {
      try await DemoScript(code: agents[0], cowork: agents[1], report: report).play()
    }
    try await report.conclude()
  }
}
