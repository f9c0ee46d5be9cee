import Synchronization

/// Hands elements from any thread to one task at a time.
public final class Mailbox<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isFinished = false
    var waiter: CheckedContinuation<Element?, Never>?

    mutating func takeFirst() -> Element? { elements.isEmpty ? nil : elements.removeFirst() }
  }

  private let state = Mutex(State())
  private let add: @Sendable (inout [Element], Element) -> Void

  /// - Parameter add: adds an element to those that were not taken yet, or merges it with them.
  public init(adding add: @escaping @Sendable (inout [Element], Element) -> Void = { $0.append($1) }) { self.add = add }

  /// - Returns: false once the mailbox is finished.
  @discardableResult
  public func post(_ element: Element) -> Bool {
    let (isOpen, delivery) = state.withLock { state -> (Bool, (CheckedContinuation<Element?, Never>, Element)?) in
      if state.isFinished { return (false, nil) }
      add(&state.elements, element)
      guard let waiter = state.waiter, let first = state.takeFirst() else { return (true, nil) }
      state.waiter = nil
      return (true, (waiter, first))
    }
    if let (waiter, element) = delivery { waiter.resume(returning: element) }
    return isOpen
  }

  /// Takes no more elements. Those that it holds can still be taken.
  public func finish() {
    state.withLock { state in
      state.isFinished = true
      return state.waiter.take()
    }?.resume(returning: nil)
  }

  /// The next element. Nil when the mailbox is finished and empty, when the task is cancelled, and when another task begins to wait.
  public func next() async -> Element? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (ready, displaced) = state.withLock { state -> (Element??, CheckedContinuation<Element?, Never>?) in
          if let element = state.takeFirst() { return (.some(element), nil) }
          if state.isFinished || Task.isCancelled { return (.some(nil), nil) }
          defer { state.waiter = continuation }
          return (nil, state.waiter)
        }
        displaced?.resume(returning: nil)
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume(returning: nil)
    }
  }
}

/// A value that is set once. Any number of tasks may wait for it.
public final class Once<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiters: [UInt64: CheckedContinuation<Value?, Never>] = [:]
    var lastWaiter: UInt64 = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// Nil until it is set.
  public var value: Value? { state.withLock { $0.value } }

  /// - Returns: false if it was set before.
  @discardableResult
  public func set(_ value: Value) -> Bool {
    let waiters = state.withLock { state -> [UInt64: CheckedContinuation<Value?, Never>]? in
      guard state.value == nil else { return nil }
      state.value = value
      defer { state.waiters = [:] }
      return state.waiters
    }
    guard let waiters else { return false }
    for waiter in waiters.values { waiter.resume(returning: value) }
    return true
  }

  /// The value, once it is set; nil if the task is cancelled before that.
  public func wait() async -> Value? {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> Value?? in
          if let value = state.value { return .some(value) }
          if Task.isCancelled { return .some(nil) }
          state.waiters[number] = continuation
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: nil)
    }
  }
}
