import SystemSupport

/// Why watching ends. The first reason counts.
struct EndOfWatching: Sendable {
  enum Reason: Sendable {
    /// SIGINT, SIGTERM or SIGHUP.
    case interrupted
    /// Nobody reads the output any more.
    case outputClosed
    case failed(any Error)
  }

  private let first = Once<Reason>()

  /// From now on the signals no longer end the process.
  init() throws {
    try Signals.handle { [first] _ in first.set(.interrupted) }
    // poll(2) reports a pipe that has lost its reader. A file never has one.
    try SystemThread.start { [first] in
      var output = PollSet()
      output.add(.standardOutput, [])
      while !output.wait(for: nil) {}
      first.set(.outputClosed)
    }
  }

  func fail(_ error: any Error) {
    first.set((error as? OutputError)?.code == .brokenPipe ? .outputClosed : .failed(error))
  }

  var reason: Reason {
    get async { await first.wait() ?? .interrupted }
  }
}
