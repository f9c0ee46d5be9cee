/// Names a reply whose fate somebody wants to know.
struct DeliveryID: Hashable, Sendable {
  let number: Int
}

/// The fate of replies: it sees to it that each has one of its hooks called once, and that later calls wait for what is outstanding.
///
/// A reply whose writing has begun is outstanding: the client may have read it before we learn that it was written.
struct DeliveryLedger<Waiter: Sendable>: Sendable {
  enum Fate: Hashable, Sendable {
    case delivered, undelivered
  }

  private enum State {
    case queued(DeliveryHooks)
    case writing(DeliveryHooks)
    case settling
  }

  private var states: [DeliveryID: State] = [:]
  private var waiters: [(pending: Set<DeliveryID>, waiter: Waiter)] = []
  private var count = 0

  var isEmpty: Bool { states.isEmpty }

  /// What a call that comes now has to wait for.
  var outstanding: Set<DeliveryID> {
    Set(states.filter { if case .queued = $0.value { false } else { true } }.keys)
  }

  mutating func add(_ hooks: DeliveryHooks) -> DeliveryID {
    count += 1
    let id = DeliveryID(number: count)
    states[id] = .queued(hooks)
    return id
  }

  mutating func begin(_ id: DeliveryID) {
    if case .queued(let hooks)? = states[id] { states[id] = .writing(hooks) }
  }

  /// The hook to call, and after it `hookReturned`; `nil` where the fate is known already.
  mutating func settle(_ id: DeliveryID, _ fate: Fate) -> (@Sendable () async -> Void)? {
    switch states[id] {
    case .queued(let hooks)?, .writing(let hooks)?:
      states[id] = .settling
      return fate == .delivered ? hooks.delivered : hooks.undelivered
    default:
      return nil
    }
  }

  /// The waiters that have nothing more to wait for.
  mutating func hookReturned(_ id: DeliveryID) -> [Waiter] {
    states[id] = nil
    for index in waiters.indices { waiters[index].pending.remove(id) }
    let free = waiters.filter { $0.pending.isEmpty }.map(\.waiter)
    waiters.removeAll { $0.pending.isEmpty }
    return free
  }

  /// Waits for what is outstanding now. Not to be called where nothing is.
  mutating func wait(_ waiter: Waiter) {
    waiters.append((outstanding, waiter))
  }
}
