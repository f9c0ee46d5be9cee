import Synchronization

/// The subscribers of a store's hints. References are weak: dropping the sequence unsubscribes.
public final class Subscribers: Sendable {
  private struct Entry {
    weak var wakeUps: WakeUps?
    let urgency: WakeUps.Urgency
  }

  private let entries = Mutex<[Entry]>([])

  public init() {}

  /// A sequence that receives hints from now on.
  public func subscribe(_ urgency: WakeUps.Urgency) -> WakeUps {
    let wakeUps = WakeUps()
    add(wakeUps, urgency)
    return wakeUps
  }

  /// Hints from now on go to this sequence as well.
  func add(_ wakeUps: WakeUps, _ urgency: WakeUps.Urgency = .idle) {
    entries.withLock { entries in
      entries.removeAll { $0.wakeUps == nil }
      entries.append(Entry(wakeUps: wakeUps, urgency: urgency))
    }
  }

  public func post(_ hint: WakeUp) {
    for (wakeUps, _) in present { wakeUps.post(hint) }
  }

  public func finish() {
    for (wakeUps, _) in present { wakeUps.finish() }
  }

  /// The urgency of the most urgent subscriber; nil without subscribers.
  public var urgency: WakeUps.Urgency? {
    let present = present
    if present.contains(where: { $0.1 == .waiting }) { return .waiting }
    return present.isEmpty ? nil : .idle
  }

  private var present: [(WakeUps, WakeUps.Urgency)] {
    entries.withLock { entries in entries.compactMap { entry in entry.wakeUps.map { ($0, entry.urgency) } } }
  }
}
