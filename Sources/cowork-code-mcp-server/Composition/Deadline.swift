import Foundation
import SystemSupport

enum Deadline {
  /// Waits for work that must not hold up the rest.
  ///
  /// - Returns: its value; nil if it takes longer. Then it is cancelled, and nobody waits for its end.
  @discardableResult
  static func within<Value: Sendable>(_ limit: Duration, _ work: @Sendable @escaping () async -> Value) async -> Value? {
    let (outcomes, continuation) = AsyncStream.makeStream(of: Value?.self)
    let worker = Task { continuation.yield(await work()) }
    let timer = Task {
      try? await Task.sleep(for: limit)
      continuation.yield(nil)
    }
    defer {
      timer.cancel()
      worker.cancel()
    }
    for await outcome in outcomes { return outcome }
    return nil
  }

  /// Ends the process after a while, whatever still runs. A lease that is not given back expires.
  static func endProcess(after limit: Duration) {
    // The end must not depend on threads that are busy.
    try? SystemThread.start {
      Thread.sleep(forTimeInterval: limit / .seconds(1))
      _exit(0)
    }
  }
}
