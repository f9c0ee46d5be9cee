/// Names a reply that has hooks.
struct DeliveryID: Hashable, Sendable {
  let number: Int
}

/// The fate of replies: one hook of each is called once, and later calls wait for the hooks that are outstanding.
///
/// A reply is outstanding from its first written byte on: the client may have read it before we learn that it was written.
struct DeliveryLedger: Sendable {
  enum Fate: Hashable, Sendable {
    case delivered, undelivered
  }

  private enum State {
    case queued(DeliveryHooks)
    case writing(DeliveryHooks)
    case settling
  }

  private var states: [DeliveryID: State] = [:]
  private var held: [(ticket: Ticket, pending: Set<DeliveryID>)] = []
  private var count = 0

  var isEmpty: Bool { states.isEmpty }

  mutating func add(_ hooks: DeliveryHooks) -> DeliveryID {
    count += 1
    let id = DeliveryID(number: count)
    states[id] = .queued(hooks)
    return id
  }

  mutating func begin(_ id: DeliveryID) {
    if case .queued(let hooks)? = states[id] { states[id] = .writing(hooks) }
  }

  /// The hook to call, and to report by `hookReturned`; `nil` if the fate is known already.
  mutating func settle(_ id: DeliveryID, _ fate: Fate) -> DeliveryHooks.Hook? {
    switch states[id] {
    case .queued(let hooks)?, .writing(let hooks)?:
      states[id] = .settling
      return fate == .delivered ? hooks.delivered : hooks.undelivered
    default:
      return nil
    }
  }

  /// Holds a call until all that is outstanding now is settled.
  ///
  /// - Returns: false if nothing is.
  mutating func hold(_ ticket: Ticket) -> Bool {
    if states.isEmpty { return false }
    let outstanding = states.filter { if case .queued = $0.value { false } else { true } }
    if outstanding.isEmpty { return false }
    held.append((ticket, Set(outstanding.keys)))
    return true
  }

  /// The held calls that may start now, in order.
  mutating func hookReturned(_ id: DeliveryID) -> [Ticket] {
    states[id] = nil
    for index in held.indices { held[index].pending.remove(id) }
    defer { held.removeAll(where: \.pending.isEmpty) }
    return held.filter(\.pending.isEmpty).map(\.ticket)
  }
}
