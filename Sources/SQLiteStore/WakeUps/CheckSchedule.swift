/// When to check whether a commit has become visible, counted from the event that announced it.
///
/// A value without a clock; times are nanoseconds of any clock.
struct CheckSchedule: Sendable {
  /// 50 µs to 50 ms. The sum covers a commit on a slow disk.
  static let delays: [UInt64] = [50_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000]

  private var remaining: ArraySlice<UInt64> = []
  private var next: UInt64?

  /// Call after an event: restarts the schedule.
  mutating func restart(at now: UInt64) {
    remaining = Self.delays[...]
    next = now + (remaining.popFirst() ?? 0)
  }

  /// Call after an event while checks are planned: restarts with the second, because a commit of many pages makes many events.
  mutating func prolong(at now: UInt64) {
    remaining = Self.delays[2...]
    next = now + Self.delays[1]
  }

  var isRunning: Bool { next != nil }

  /// Whether a check is due; if so, the next one is scheduled.
  mutating func isDue(at now: UInt64) -> Bool {
    guard let due = next, now >= due else { return false }
    next = remaining.popFirst().map { now + $0 }
    return true
  }

  /// Nanoseconds until the next check; nil if none is planned.
  func wait(at now: UInt64) -> UInt64? {
    next.map { $0 > now ? $0 - now : 0 }
  }
}
