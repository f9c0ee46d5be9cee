import Foundation
import Synchronization

/// A bar on the terminal behind standard error; nothing where that is none.
final class ProgressBar: Sendable {
  private struct State {
    var shownAt: ContinuousClock.Instant?
    var began: ContinuousClock.Instant?
    var label = ""
  }

  private let isShown: Bool
  private let state = Mutex(State())

  init() { isShown = isatty(2) != 0 && Environment["TERM"] != "dumb" }

  /// At most ten times a second.
  func show(_ label: String, _ done: Int, of total: Int) {
    guard isShown else { return }
    let now = ContinuousClock.now
    let line = state.withLock { state -> String? in
      if state.label != label {
        state = State(began: now, label: label)
      } else if let shownAt = state.shownAt, now - shownAt < .milliseconds(100), done < total {
        return nil
      }
      state.shownAt = now
      let seconds = (now - (state.began ?? now)).components.seconds
      let rate = seconds > 0 ? "  \(done / Int(seconds))/s" : ""
      return "\(label) [\(Self.bar(done, total))] \(done)/\(total)\(rate)"
    }
    if let line { StandardStreams.writeError("\r\(line)\u{1B}[K") }
  }

  /// Makes room for what is said afterwards.
  func clear() {
    if isShown, state.withLock({ $0.shownAt != nil }) { StandardStreams.writeError("\r\u{1B}[K") }
  }

  private static func bar(_ done: Int, _ total: Int) -> String {
    let width = 30
    let full = total > 0 ? min(width, done * width / total) : width
    return String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
  }
}
