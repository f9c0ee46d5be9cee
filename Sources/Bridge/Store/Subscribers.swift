import Synchronization

/// Those who want hints of a store. Weak: whoever drops its sequence has unsubscribed.
public final class Subscribers: Sendable {
  private struct Entry {
    weak var wakeUps: WakeUps?
    let urgency: WakeUps.Urgency
  }

  private let entries = Mutex<[Entry]>([])

  public init() {}

  /// Delivers hints to this sequence from now on.
  public func add(_ wakeUps: WakeUps, _ urgency: WakeUps.Urgency) {
    entries.withLock { $0.append(Entry(wakeUps: wakeUps, urgency: urgency)) }
  }

  /// Forgets those that are gone.
  public func prune() {
    entries.withLock { $0.removeAll { $0.wakeUps == nil } }
  }

  /// Delivers a hint to all of them.
  public func post(_ hint: WakeUp) {
    for wakeUps in entries.withLock({ $0.compactMap(\.wakeUps) }) { wakeUps.post(hint) }
  }

  /// Ends the sequences of all of them.
  public func finish() {
    for wakeUps in entries.withLock({ $0.compactMap(\.wakeUps) }) { wakeUps.finish() }
  }

  /// The most urgent of those that are there; nil when there is nobody.
  public var urgency: WakeUps.Urgency? {
    entries.withLock { entries in
      let present = entries.filter { $0.wakeUps != nil }
      if present.contains(where: { $0.urgency == .waiting }) { return .waiting }
      return present.isEmpty ? nil : .idle
    }
  }
}
