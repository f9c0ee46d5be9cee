import Foundation
import SystemSupport

enum Deadline {
  /// Waits for work that must not hold up the rest.
  ///
  /// - Returns: its value; nil if it takes longer. Then it is cancelled, and nobody waits for its end.
  @discardableResult
  static func within<Value: Sendable, Failure>(
    _ limit: Duration, _ work: @Sendable @escaping () async throws(Failure) -> Value
  ) async throws(Failure) -> Value? {
    let (outcomes, continuation) = AsyncStream.makeStream(of: Result<Value, Failure>?.self)
    let worker = Task {
      do throws(Failure) { continuation.yield(.success(try await work())) } catch { continuation.yield(.failure(error)) }
    }
    let timer = Task {
      try? await Task.pause(for: limit)
      continuation.yield(nil)
    }
    defer {
      timer.cancel()
      worker.cancel()
    }
    for await outcome in outcomes { return try outcome?.get() }
    return nil
  }

  /// Ends the process after a while, whatever still runs. A lease that is not given back expires.
  static func endProcess(after limit: Duration, status: Int32 = 0) {
    // The end must not depend on threads that are busy.
    try? SystemThread.start {
      Thread.sleep(forTimeInterval: limit / .seconds(1))
      _exit(status)
    }
  }
}
