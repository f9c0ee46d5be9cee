import Dispatch
import Foundation

/// The signals that ask a process to end.
enum EndSignals {
  /// From now on calls a function with the number of the signal, on any thread. The signals no longer end the process.
  static func handle(_ signals: [Int32] = [SIGINT, SIGTERM, SIGHUP], _ body: @escaping @Sendable (Int32) -> Void) {
    for number in signals {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      // The handler keeps the source alive.
      source.setEventHandler {
        body(number)
        withExtendedLifetime(source) {}
      }
      source.resume()
    }
  }
}
