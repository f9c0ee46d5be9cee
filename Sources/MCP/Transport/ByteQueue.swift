import Synchronization

/// Pieces of bytes from one task to another. One task at a time may wait for the next.
final class ByteQueue: Sendable {
  private struct State {
    var pieces: [[UInt8]] = []
    var isFinished = false
    var waiter: CheckedContinuation<[UInt8]?, Never>?
  }

  private let state = Mutex(State())

  /// Whether the queue still takes pieces.
  func append(_ bytes: [UInt8]) -> Bool {
    let (isOpen, waiter) = state.withLock { state -> (Bool, CheckedContinuation<[UInt8]?, Never>?) in
      if state.isFinished { return (false, nil) }
      if let waiter = state.waiter.take() { return (true, waiter) }
      state.pieces.append(bytes)
      return (true, nil)
    }
    waiter?.resume(returning: bytes)
    return isOpen
  }

  func finish() {
    let waiter = state.withLock { state -> CheckedContinuation<[UInt8]?, Never>? in
      state.isFinished = true
      return state.waiter.take()
    }
    waiter?.resume(returning: nil)
  }

  /// The next piece; `nil` when the queue is finished and empty.
  func next() async -> [UInt8]? {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state -> [UInt8]?? in
        if !state.pieces.isEmpty { return .some(state.pieces.removeFirst()) }
        if state.isFinished { return .some(nil) }
        state.waiter = continuation
        return nil
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }
}
