import Synchronization

/// The subscribers of a store's hints. References are weak: dropping the sequence unsubscribes.
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

  /// A sequence that receives hints from now on.
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

  /// Delivers a hint to all subscribers.
  public func post(_ hint: WakeUp) {
    for (wakeUps, _) in present { wakeUps.post(hint) }
  }

  /// Ends all sequences.
  public func finish() {
    for (wakeUps, _) in present { wakeUps.finish() }
  }

  /// The urgency of the most urgent subscriber; nil without subscribers.
  public var urgency: WakeUps.Urgency? {
    let present = present
    if present.contains(where: { $0.1 == .waiting }) { return .waiting }
    return present.isEmpty ? nil : .idle
  }

  /// Released outside the lock: one may be the last reference, and its deinit takes the lock.
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
