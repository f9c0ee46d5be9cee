import Foundation

/// Standard output cannot be written to.
struct OutputError: Error, CustomStringConvertible {
  let number: Int32

  var description: String { "Standard output cannot be written to (\(String(cString: strerror(number))))" }
}

/// The standard streams of a command. Writing is complete when it returns: nothing is buffered.
enum StandardStreams {
  private static let queue = DispatchQueue(label: "cowork-bridge.output")

  /// To be called before anything is opened.
  ///
  /// A stream that is closed is replaced by one that cannot be written to: the database must not get its number, and what is written to a
  /// closed output must fail. A reader that has gone must not end this process before its lease is given back.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// Writes all of a text to standard output; beside the cooperative threads, since a pager may let it wait.
  ///
  /// - Throws: `OutputError`.
  static func write(_ text: String) async throws {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try write(text, to: 1) }) }
    }
  }

  static func writeError(_ text: String) {
    // Where not even this can be written, the exit status has to do.
    try? write(text, to: 2)
  }

  private static func write(_ text: String, to descriptor: Int32) throws(OutputError) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&polled, 1, -1)
      } else if errno != EINTR {
        throw OutputError(number: errno)
      }
    }
  }
}
