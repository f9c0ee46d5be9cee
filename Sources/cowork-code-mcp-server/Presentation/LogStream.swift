import Logging
import Synchronization
import SystemSupport

extension Logger {
  private static let name = "cowork-bridge"

  /// For what must say nothing but its answer.
  static let silent = Logger(label: name) { _ in SwiftLogNoOpLogHandler() }

  /// Writes to standard error.
  static func standardError(_ level: Level) -> Logger {
    var logger = Logger(label: name) { StreamLogHandler(label: $0, stream: LogStream()) }
    logger.logLevel = level
    return logger
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
