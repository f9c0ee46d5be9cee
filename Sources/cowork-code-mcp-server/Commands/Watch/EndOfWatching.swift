import Foundation

/// Why watching ends: the first reason counts.
final class EndOfWatching: Sendable {
  enum Reason: Sendable {
    /// SIGINT, SIGTERM or SIGHUP.
    case interrupted
    /// Nobody reads any more.
    case outputClosed
    case failed(any Error)
  }

  private let reasons: AsyncStream<Reason>
  private let continuation: AsyncStream<Reason>.Continuation

  /// From now on the signals no longer end the process.
  init() {
    (reasons, continuation) = AsyncStream.makeStream(of: Reason.self)
    EndSignals.handle { [continuation] _ in continuation.yield(.interrupted) }
    // A pipe whose reader has gone says so by itself; a file never does.
    Thread.detachNewThread { [continuation] in
      var polled = pollfd(fd: 1, events: 0, revents: 0)
      while poll(&polled, 1, -1) < 0, errno == EINTR {}
      if polled.revents != 0 { continuation.yield(.outputClosed) }
    }
  }

  func happen(_ reason: Reason) {
    if case .failed(let error as OutputError) = reason, error.number == EPIPE {
      continuation.yield(.outputClosed)
    } else {
      continuation.yield(reason)
    }
  }

  var reason: Reason {
    get async {
      for await reason in reasons { return reason }
      return .interrupted
    }
  }
}
