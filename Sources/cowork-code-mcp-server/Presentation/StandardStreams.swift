import BridgeServer
import SystemSupport

import protocol MCP.StructuredOutput

/// Standard output cannot be written to.
struct OutputError: Error, CustomStringConvertible {
  let code: Errno

  var description: String { "Standard output cannot be written to (\(code))" }
}

/// The standard streams of a command. Writing is complete when it returns: nothing is buffered.
enum StandardStreams {
  /// To be called before anything is opened.
  ///
  /// Writing to a closed output must fail, and not reach the database, which could get its number. When a reader goes away, this process
  /// must live on to return its lease.
  static func prepare() {
    FileDescriptor.ignoreBrokenPipes()
    try? FileDescriptor.fillStandardStreams(writable: false)
  }

  /// Writes to standard output or another stream, on a thread of its own, because a pager may block it.
  static func write(_ text: String, to stream: FileDescriptor = .standardOutput) async throws {
    let bytes = Array(text.utf8)
    let failure = await SystemThread.run { () -> Errno? in
      do throws(SystemError) { try stream.writeCompletely(bytes) } catch { return error.code }
      return nil
    }
    if let failure { throw OutputError(code: failure) }
  }

  /// Writes a result as one line of JSON, or as text for people.
  static func show(_ output: some StructuredOutput, json: Bool, as text: @autoclosure () -> String) async throws {
    try await write(json ? output.jsonText + "\n" : text())
  }

  static func writeError(_ text: String) {
    // If even this fails, the exit status has to do.
    try? FileDescriptor.standardError.writeCompletely(Array(text.utf8))
  }
}
