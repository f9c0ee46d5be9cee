import Synchronization

/// A hint that the store may hold something new. It is never data: it says "look again".
public struct WakeUp: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Look for messages.
  public static let messages = WakeUp(rawValue: 1)
  /// Look for tasks.
  public static let tasks = WakeUp(rawValue: 2)
  /// Something may have been missed, such as during a reconnect: look for everything.
  public static let resync = WakeUp(rawValue: 4)
}

/// Hints for one subscriber. Those that arrive while nobody awaits the next one become one.
///
/// For one consumer: each subscriber makes its own sequence.
public final class WakeUps: AsyncSequence, Sendable {
  /// How quickly a subscriber wants to know where only polling tells.
  public enum Urgency: Sendable {
    /// An agent waits: within 50 ms.
    case waiting
    /// Nobody waits, but somebody would like to know: within 250 ms.
    case idle
  }

  private struct State {
    var pending: WakeUp = []
    var finished = false
    var waiter: CheckedContinuation<WakeUp?, Never>?
  }

  private let state = Mutex(State())
  private let onDrop: @Sendable () -> Void

  /// - Parameter onDrop: called once, when the last reference is gone.
  public init(onDrop: @escaping @Sendable () -> Void = {}) { self.onDrop = onDrop }

  deinit { onDrop() }

  /// Delivers a hint.
  public func post(_ hint: WakeUp) {
    let waiter = state.withLock { state -> CheckedContinuation<WakeUp?, Never>? in
      guard !state.finished else { return nil }
      guard let waiter = state.waiter else {
        state.pending.formUnion(hint)
        return nil
      }
      state.waiter = nil
      return waiter
    }
    waiter?.resume(returning: hint)
  }

  /// Ends the sequence.
  public func finish() {
    let waiter = state.withLock { state -> CheckedContinuation<WakeUp?, Never>? in
      state.finished = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }

  public func makeAsyncIterator() -> Iterator { Iterator(source: self) }

  /// Awaits the hints. Returns nil when the sequence or the awaiting task has ended.
  public struct Iterator: AsyncIteratorProtocol {
    let source: WakeUps
    public mutating func next() async -> WakeUp? { await source.next() }
  }

  private func next() async -> WakeUp? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let immediate = state.withLock { state -> WakeUp?? in
          if !state.pending.isEmpty {
            defer { state.pending = [] }
            return .some(state.pending)
          }
          if state.finished || Task.isCancelled { return .some(nil) }
          state.waiter = continuation
          return .none
        }
        if let immediate { continuation.resume(returning: immediate) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<WakeUp?, Never>? in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: nil)
    }
  }
}
