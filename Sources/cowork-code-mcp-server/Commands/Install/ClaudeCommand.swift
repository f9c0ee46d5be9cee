import Foundation

/// Claude Code's own command, which changes its configuration while sessions run.
struct ClaudeCommand {
  private let path: String

  /// Nil where it is not on the PATH.
  init?() {
    let folders = (Environment["PATH"] ?? "").split(separator: ":").map(String.init)
    guard let path = folders.map({ $0 + "/claude" }).first(where: FileManager.default.isExecutableFile) else { return nil }
    self.path = path
  }

  static func add(_ name: String, _ entry: ServerEntry, scope: ClientPaths.Scope) -> [String] {
    ["mcp", "add", "--transport", "stdio", "--scope", scope.rawValue, name, "--", entry.command] + entry.arguments
  }

  static func remove(_ name: String, scope: ClientPaths.Scope) -> [String] {
    ["mcp", "remove", "--scope", scope.rawValue, name]
  }

  static func shown(_ arguments: [String]) -> String { "claude " + arguments.joined(separator: " ") }

  /// - Returns: nil when it succeeded, else what it said.
  func run(_ arguments: [String]) -> String? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    do { try process.run() } catch { return error.localizedDescription }
    let said = String(decoding: (try? output.fileHandleForReading.readToEnd()) ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      return said.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    return nil
  }
}
