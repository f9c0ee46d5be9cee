import Synchronization

/// Lets callers pass, holds them while it is paused, and refuses them once it is closed.
final class Gate: Sendable {
  private struct State {
    var isPaused = false
    var isClosed = false
    var held: [CheckedContinuation<Void, any Error>] = []
    var observers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func pass() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let (result, observers) = state.withLock { state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
        if state.isClosed { return (.failure(TransportClosed()), []) }
        if !state.isPaused { return (.success(()), []) }
        state.held.append(continuation)
        defer { state.observers = [] }
        return (nil, state.observers)
      }
      if let result { continuation.resume(with: result) }
      for observer in observers { observer.resume() }
    }
  }

  func pause() {
    state.withLock { $0.isPaused = true }
  }

  func resume() {
    release(.success(())) { $0.isPaused = false }
  }

  func close() {
    release(.failure(TransportClosed())) { $0.isClosed = true }
  }

  /// Returns when somebody is held.
  func somebodyWaits() async {
    await withCheckedContinuation { continuation in
      let isHeld = state.withLock { state -> Bool in
        if !state.held.isEmpty { return true }
        state.observers.append(continuation)
        return false
      }
      if isHeld { continuation.resume() }
    }
  }

  private func release(_ result: Result<Void, any Error>, _ change: (inout State) -> Void) {
    let held = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
      change(&state)
      defer { state.held = [] }
      return state.held
    }
    for continuation in held { continuation.resume(with: result) }
  }
}
