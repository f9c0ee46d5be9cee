/// Events that the consumer has not taken yet. Equal notifications are one; beyond `capacity` all become one `.overflowed`.
struct EventBuffer {
  private let capacity: Int
  private var events: [ListenerEvent] = []
  private var known: Set<Hint> = []

  private struct Hint: Hashable {
    let channel: String
    let payload: String
  }

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  mutating func add(_ event: ListenerEvent) {
    if case .notification(let notification) = event {
      guard known.insert(Hint(channel: notification.channel, payload: notification.payload)).inserted else { return }
    }
    events.append(event)
    if events.count > capacity { overflow() }
  }

  mutating func takeFirst() -> ListenerEvent? {
    guard !events.isEmpty else { return nil }
    let event = events.removeFirst()
    if case .notification(let notification) = event { known.remove(Hint(channel: notification.channel, payload: notification.payload)) }
    return event
  }

  /// The last state is kept: it is not repeated by itself.
  private mutating func overflow() {
    let lastState = events.last { if case .stateChanged = $0 { true } else { false } }
    events = [.overflowed] + (lastState.map { [$0] } ?? [])
    known = []
  }
}
