import Bridge
import Synchronization

/// Those who want hints. Weak: whoever drops its sequence has unsubscribed.
final class Subscribers: Sendable {
  private struct Entry {
    weak var wakeUps: WakeUps?
    let urgency: WakeUps.Urgency
  }

  private let entries = Mutex<[Entry]>([])

  func add(_ wakeUps: WakeUps, _ urgency: WakeUps.Urgency) {
    entries.withLock { $0.append(Entry(wakeUps: wakeUps, urgency: urgency)) }
  }

  /// Forgets those that are gone.
  func prune() {
    entries.withLock { $0.removeAll { $0.wakeUps == nil } }
  }

  func post(_ hint: WakeUp) {
    for wakeUps in entries.withLock({ $0.compactMap(\.wakeUps) }) { wakeUps.post(hint) }
  }

  func finish() {
    for wakeUps in entries.withLock({ $0.compactMap(\.wakeUps) }) { wakeUps.finish() }
  }

  /// The most urgent of those that are there; nil when there is nobody.
  var urgency: WakeUps.Urgency? {
    entries.withLock { entries in
      let present = entries.filter { $0.wakeUps != nil }
      if present.contains(where: { $0.urgency == .waiting }) { return .waiting }
      return present.isEmpty ? nil : .idle
    }
  }
}
