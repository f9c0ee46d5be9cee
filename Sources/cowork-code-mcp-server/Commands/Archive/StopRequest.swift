import Foundation
import Synchronization
import SystemSupport

/// Control-C ends a long command between two transactions. A second one ends it at once, which does no harm either.
final class StopRequest: Sendable {
  private let isWished = Atomic(false)

  init() throws {
    try Signals.handle { number in
      if self.isWished.exchange(true, ordering: .relaxed) { exit(128 + number) }
    }
  }

  /// - Throws: `CommandFailure` after an interrupt.
  func check(_ state: @autoclosure () -> String) throws {
    if isWished.load(ordering: .relaxed) { throw CommandFailure("Interrupted: \(state())") }
  }
}
