import Synchronization

/// Those who want hints of a store. Weak: whoever drops its sequence has unsubscribed.
public final class Subscribers: Sendable {
  private struct Entry {
    weak var wakeUps: WakeUps?
    let urgency: WakeUps.Urgency
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    var last = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// A sequence to which hints are delivered from now on.
  ///
  /// - Parameter onDrop: called when its last reference is gone.
  public func subscribe(_ urgency: WakeUps.Urgency, onDrop: @escaping @Sendable () -> Void = {}) -> WakeUps {
    let number = state.withLock { state in
      state.last += 1
      return state.last
    }
    let wakeUps = WakeUps { [weak self] in
      self?.state.withLock { _ = $0.entries.removeValue(forKey: number) }
      onDrop()
    }
    state.withLock { $0.entries[number] = Entry(wakeUps: wakeUps, urgency: urgency) }
    return wakeUps
  }

  /// Delivers a hint to all of them.
  public func post(_ hint: WakeUp) {
    for (wakeUps, _) in present { wakeUps.post(hint) }
  }

  /// Ends the sequences of all of them.
  public func finish() {
    for (wakeUps, _) in present { wakeUps.finish() }
  }

  /// The most urgent of those that are there; nil when there is nobody.
  public var urgency: WakeUps.Urgency? {
    let present = present
    if present.contains(where: { $0.1 == .waiting }) { return .waiting }
    return present.isEmpty ? nil : .idle
  }

  /// Handed out of the lock: one of these may be the last reference, and its end takes the lock again.
  private var present: [(WakeUps, WakeUps.Urgency)] {
    state.withLock { state in
      var present = [(WakeUps, WakeUps.Urgency)]()
      present.reserveCapacity(state.entries.count)
      for entry in state.entries.values {
        if let wakeUps = entry.wakeUps { present.append((wakeUps, entry.urgency)) }
      }
      return present
    }
  }
}
