import Synchronization

/// The events of a listener, for one consumer. Ends when the listener is stopped.
public struct ListenerEvents: AsyncSequence, Sendable {
  public typealias Element = ListenerEvent
  public typealias Failure = Never

  let hub: EventHub

  public struct AsyncIterator: AsyncIteratorProtocol {
    let hub: EventHub
    /// Nil when the listener was stopped or the task is cancelled.
    public mutating func next() async -> ListenerEvent? { await hub.next() }
    public mutating func next(isolation actor: isolated (any Actor)?) async -> ListenerEvent? { await hub.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(hub: hub) }
}

/// Where the event loop puts notifications and a consumer takes events.
final class EventHub: Sendable {
  private struct State {
    var buffer: EventBuffer
    var waiter: CheckedContinuation<ListenerEvent?, Never>?
    var isFinished = false
    var current = ListenerState.connecting
    var probes: [String: Once<Bool>] = [:]
  }

  private let state: Mutex<State>

  init(capacity: Int) { state = Mutex(State(buffer: EventBuffer(capacity: capacity))) }

  var current: ListenerState { state.withLock { $0.current } }

  func receive(_ notification: PostgresNotification) {
    if let probe = state.withLock({ $0.probes.removeValue(forKey: notification.channel) }) {
      probe.finish(true)
    } else {
      add(.notification(notification))
    }
  }

  func change(_ new: ListenerState) {
    state.withLock { $0.current = new }
    add(.stateChanged(new))
  }

  /// A notification on this channel will finish the probe and not be shown.
  func expect(_ channel: String, _ probe: Once<Bool>) { state.withLock { $0.probes[channel] = probe } }
  func forget(_ channel: String) { state.withLock { _ = $0.probes.removeValue(forKey: channel) } }

  func add(_ event: ListenerEvent) {
    let delivery = state.withLock { state -> (CheckedContinuation<ListenerEvent?, Never>, ListenerEvent?)? in
      guard !state.isFinished else { return nil }
      state.buffer.add(event)
      guard let waiter = state.waiter else { return nil }
      state.waiter = nil
      return (waiter, state.buffer.takeFirst())
    }
    if let (waiter, event) = delivery { waiter.resume(returning: event) }
  }

  func finish() {
    let waiter = state.withLock { state in
      state.isFinished = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }

  func next() async -> ListenerEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<ListenerEvent?, Never>) in
        let (ready, displaced) = state.withLock { state -> (ListenerEvent??, CheckedContinuation<ListenerEvent?, Never>?) in
          if let event = state.buffer.takeFirst() { return (.some(event), nil) }
          if state.isFinished || Task.isCancelled { return (.some(nil), nil) }
          defer { state.waiter = continuation }
          return (nil, state.waiter)
        }
        displaced?.resume(returning: nil)
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: nil)
    }
  }
}
