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
  /// - Parameters:
  ///   - limit: after it the command is killed, with what it started.
  ///   - cleanUp: what is to be done if this process is ended meanwhile.
  /// - Returns: nil if it succeeded, else what went wrong, on one line.
  static func run(_ line: [String], limit: Duration = .seconds(30), cleanUp: @escaping @Sendable () -> Void = {}) -> String? {
    do throws(SystemError) {
      // Not a pipe, which something that the command leaves behind could keep open.
      let output = try NewFile.temporary(in: NSTemporaryDirectory())
      defer { try? output.close() }
      let child = try ChildProcess(
        line, environment: ProcessInfo.processInfo.environment, output: .descriptor(output), errors: .descriptor(output), ownGroup: true)
      // A Control-C does not reach a group of its own.
      try Signals.handle { number in
        child.killGroup()
        cleanUp()
        _exit(128 + number)
      }
      let end = DispatchSemaphore(value: 0)
      try SystemThread.start {
        _ = child.wait()
        end.signal()
      }
      if end.wait(timeout: .now() + limit / .seconds(1)) == .timedOut {
        child.killGroup()
        end.wait()
        return "it did not end within \(Int(limit / .seconds(1))) s and was stopped"
      }
      let status = child.wait()
      if status == .exited(0) { return nil }
      let printed = String(decoding: output.read(upTo: 4_096, at: 0) ?? [], as: UTF8.self)
      let line = printed.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
      return line.isEmpty ? "it ended with status \(status.code)" : line
    } catch { return "\(error)" }
  }
}
