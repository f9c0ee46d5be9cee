import Foundation
import Synchronization
import SystemSupport

/// The progress of a long command, as a bar on the terminal behind standard error, if that is one.
///
/// Control-C ends the command between two transactions. A second one ends it at once, which does no harm either, and so does the first if
/// the command is held up in between.
final class LongWork: Sendable {
  private struct Bar {
    var label = ""
    var began = ContinuousClock.now
    var shown: ContinuousClock.Instant?
  }

  private let isInterrupted = Atomic(false)
  private let hasBar = FileDescriptor.standardError.isTerminal && Environment["TERM"] != "dumb"
  private let bar = Mutex(Bar())

  init() throws {
    try Signals.handle { number in
      if self.isInterrupted.exchange(true, ordering: .relaxed) { exit(128 + number) }
      Deadline.endProcess(after: .seconds(3), status: 128 + number)
    }
  }

  /// Shows what was done, at most ten times a second.
  ///
  /// - Parameter state: what an interrupt leaves behind, and what to do.
  /// - Throws: `CommandFailure` after an interrupt.
  func step(_ label: String, _ done: Int, of total: Int, interrupted state: @autoclosure () -> String) throws {
    if isInterrupted.load(ordering: .relaxed) { throw CommandFailure("Interrupted: \(state())") }
    guard hasBar else { return }
    let now = ContinuousClock.now
    let rate = bar.withLock { bar -> String? in
      if bar.label != label { bar = Bar(label: label) }
      if let shown = bar.shown, now - shown < .milliseconds(100), done < total { return nil }
      bar.shown = now
      let seconds = Int((now - bar.began).components.seconds)
      return seconds > 0 ? "  \(done / seconds)/s" : ""
    }
    guard let rate else { return }
    let full = total > 0 ? min(30, done * 30 / total) : 30
    let marks = String(repeating: "#", count: full) + String(repeating: "-", count: 30 - full)
    StandardStreams.writeError("\r\(label) [\(marks)] \(done)/\(total)\(rate)\u{1B}[K")
  }

  /// Makes room for what is said afterwards.
  func clear() { if bar.withLock({ $0.shown != nil }) { StandardStreams.writeError("\r\u{1B}[K") } }
}
