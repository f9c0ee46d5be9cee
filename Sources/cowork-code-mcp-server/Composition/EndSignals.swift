import Dispatch
import Foundation

/// SIGINT, SIGTERM and SIGHUP: the wishes of others that a command ends.
enum EndSignals {
  /// From now on they no longer end the process, but are handled, for as long as it lives; with the signal's number, on any thread.
  static func handle(_ body: @escaping @Sendable (Int32) -> Void) {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      // The handler keeps the source.
      source.setEventHandler {
        body(number)
        withExtendedLifetime(source) {}
      }
      source.resume()
    }
  }
}
