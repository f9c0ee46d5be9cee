import Foundation
import SystemSupport

/// A client's own command for its configuration. It is safe while sessions of the client write the same file.
struct ClientTool: Sendable {
  let command: String
  /// The command line that adds an entry, by its name.
  let add: @Sendable (String, ServerEntry, Client.Scope) -> [String]
  let remove: @Sendable (String, Client.Scope) -> [String]

  /// Runs a command line; the first word is looked for in PATH.
  ///
  /// - Returns: nil if it succeeded, else what it printed.
  static func run(_ line: [String]) -> String? {
    do throws(SystemError) {
      let pipe = try FileDescriptor.makePipe()
      defer { try? pipe.reading.close() }
      let child = try start(line, pipe.writing)
      let printed = String(decoding: try pipe.reading.readToEnd(), as: UTF8.self)
      return child.wait() == .exited(0) ? nil : printed.trimmingCharacters(in: .whitespacesAndNewlines)
    } catch { return "\(error)" }
  }

  private static func start(_ arguments: [String], _ output: FileDescriptor) throws(SystemError) -> ChildProcess {
    // The child has the only end to write to, so that reading ends with it.
    defer { try? output.close() }
    return try ChildProcess(
      arguments, environment: ProcessInfo.processInfo.environment, output: .descriptor(output), errors: .descriptor(output))
  }
}
