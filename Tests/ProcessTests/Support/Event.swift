import Synchronization

/// Something that happens once, and that tests await with a deadline.
final class Event<Value: Sendable>: Sendable {
  private struct State {
    var result: Result<Value, any Error>?
    var waiters: [CheckedContinuation<Value, any Error>] = []
  }

  private let state = Mutex(State())

  /// Only the first outcome counts.
  func fulfil(_ value: Value) { settle(.success(value)) }

  func fail(_ error: any Error) { settle(.failure(error)) }

  var hasHappened: Bool { state.withLock { $0.result != nil } }

  /// - Throws: a `Failure` that names what was awaited, when it has not happened in time.
  func value(within deadline: Duration = .seconds(30), _ what: String) async throws -> Value {
    let timer = Task {
      try await Task.sleep(for: deadline)
      fail(Failure("\(what) did not come within \(deadline)"))
    }
    defer { timer.cancel() }
    return try await withCheckedThrowingContinuation { continuation in
      let result = state.withLock { state in
        if state.result == nil { state.waiters.append(continuation) }
        return state.result
      }
      if let result { continuation.resume(with: result) }
    }
  }

  private func settle(_ result: Result<Value, any Error>) {
    let waiters = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
      guard state.result == nil else { return [] }
      state.result = result
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(with: result) }
  }
}
