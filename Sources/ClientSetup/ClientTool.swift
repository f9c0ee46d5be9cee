import Foundation

/// A client's own command for its configuration. It is safe while sessions of the client write the same file.
struct ClientTool: Sendable {
  let command: String
  /// The arguments that add an entry, by its name.
  let add: @Sendable (String, ServerEntry, Client.Scope) -> [String]
  let remove: @Sendable (String, Client.Scope) -> [String]

  func shown(_ arguments: [String]) -> String { ([command] + arguments).joined(separator: " ") }

  /// - Returns: nil if it succeeded, else what it printed.
  static func run(_ path: String, _ arguments: [String]) -> String? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    do { try process.run() } catch { return error.localizedDescription }
    let printed = String(decoding: (try? output.fileHandleForReading.readToEnd()) ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    let succeeded = process.terminationReason == .exit && process.terminationStatus == 0
    return succeeded ? nil : printed.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
