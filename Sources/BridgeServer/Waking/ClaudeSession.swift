import Bridge
import SystemSupport

/// The session of Claude Code that started this process, as its environment tells.
public struct ClaudeSession: Sendable {
  /// The same for all processes of the session, and through `/clear` and `/compact`, which change the session's id. Can be part of a file name.
  public let name: String
  /// False where a script runs the session.
  public let isAttended: Bool
  /// Nil where the process of the session is unknown or not visible.
  public let process: ProcessIdentity?

  /// - Parameter id: the session's id, which counts only where nothing lasts longer.
  /// - Returns: nil where nothing names a session.
  public init?(environment: [String: String], id: String?) {
    let socket = environment["CLAUDE_CODE_MESSAGING_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
    // The socket is named after the process; servers are told nothing else of it.
    let socketName = socket.map { FileSystem.split($0).name }
    let pid = socketName.flatMap { $0.hasSuffix(".sock") ? Int32($0.dropLast(5)) : nil } ?? environment["CLAUDE_PID"].flatMap { Int32($0) }
    process = pid.flatMap { ProcessIdentity(pid: $0) }
    isAttended =
      switch environment["CLAUDE_CODE_SESSION_ATTENDED"] {
      case "0": false
      case "1": true
      default: ["cli", "", nil].contains(environment["CLAUDE_CODE_ENTRYPOINT"])
      }
    if let key = process.map({ "process \($0.encoded)" }) ?? socket {
      name = String(StableHash.of([key]), radix: 16)
    } else {
      guard let id, 1...100 ~= id.utf8.count, id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) }) else {
        return nil
      }
      name = id
    }
  }
}
