import ArgumentParser
import Bridge
import Logging

/// A wait of any length, in pieces after each of which what other processes left behind is found as well.
struct PatientWait {
  private static let piece: Int64 = 30
  /// Nil for ever.
  let seconds: Int?
  let logger: Logger

  /// - Parameter look: waits so many seconds at most.
  /// - Returns: what was found; what the last look found when the time is over.
  func until<Value>(_ isEnough: (Value) -> Bool, _ look: (Int) async throws -> Value) async throws -> Value {
    let end = seconds.map { ContinuousClock.now + .seconds($0) }
    let first = try await look(0)
    if isEnough(first) || seconds == 0 { return first }
    logger.debug("nothing there yet, waiting")
    while true {
      let left = end.map { max(0, (ContinuousClock.now.duration(to: $0) + .milliseconds(999)).components.seconds) }
      let found = try await look(Int(min(left ?? Self.piece, Self.piece)))
      if isEnough(found) { return found }
      if let end, ContinuousClock.now >= end { return found }
    }
  }

  /// A day at most: nothing here should be able to overflow.
  static func require(_ seconds: Int?, _ option: String) throws {
    guard let seconds, !(0...86_400).contains(seconds) else { return }
    throw ValidationError("\(option) must be 0 to 86400 seconds, not \(seconds).")
  }
}

extension Delivery {
  var isSomething: Bool { !isEmpty }
}

extension UnreadCounts {
  var isSomething: Bool { !isEmpty }
}
