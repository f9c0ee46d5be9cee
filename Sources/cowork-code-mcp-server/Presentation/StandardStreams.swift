import BridgeServer
import Synchronization
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

  /// Writes to standard output, on a thread of its own, because a pager may block it.
  static func write(_ text: String) async throws {
    let bytes = Array(text.utf8)
    let failure = await SystemThread.run { () -> Errno? in
      do throws(SystemError) { try FileDescriptor.standardOutput.writeCompletely(bytes) } catch { return error.code }
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

/// Standard error for the log. A line that finds it full is dropped, so that a client that never reads it cannot stop a server.
struct LogStream: TextOutputStream, Sendable {
  private struct State {
    let kind = FileDescriptor.standardError.kind
    var dropped = 0
    /// A line has begun and not ended.
    var isCut = false
  }

  private static let state = Mutex(State())

  func write(_ line: String) {
    Self.state.withLock { state in
      let notice = state.dropped == 0 ? "" : "(\(state.dropped) lines of the log were dropped: standard error was full.)\n"
      let text = Array(((state.isCut ? "\n" : "") + notice + line).utf8)
      let written = Self.writeReady(text[...], state.kind)
      if written == text.count {
        (state.dropped, state.isCut) = (0, false)
      } else {
        state.dropped += 1
        state.isCut = state.isCut || written > 0
      }
    }
  }

  /// Returns how many bytes were written; all of them where nobody can read them any more.
  private static func writeReady(_ text: ArraySlice<UInt8>, _ kind: FileDescriptor.Kind) -> Int {
    var rest = text
    while !rest.isEmpty {
      var poll = PollSet()
      poll.add(.standardError, .writable)
      guard poll.wait(for: .zero) else { break }
      guard let count = try? FileDescriptor.standardError.writeReady(rest, kind) else { return text.count }
      rest = rest.dropFirst(count)
    }
    return text.count - rest.count
  }
}
