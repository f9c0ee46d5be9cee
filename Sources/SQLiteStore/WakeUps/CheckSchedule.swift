/// When to check whether a commit has become visible: 1, 2, 4 … 64 ms after the event that announced it. The sum covers a commit on a slow
/// disk.
struct CheckSchedule: Sendable {
  typealias Instant = ContinuousClock.Instant

  private static let (first, last) = (Duration.milliseconds(1), Duration.milliseconds(64))

  private var delay = Self.first
  /// The next check; nil if none is planned.
  private(set) var next: Instant?

  /// Call after an event. It does not put off a check that is planned, because a commit of many pages makes many events.
  mutating func restart(at now: Instant) {
    delay = Self.first
    next = min(next ?? now + delay, now + delay)
  }

  /// Whether a check is due; if so, the next one is scheduled.
  mutating func isDue(at now: Instant) -> Bool {
    guard let next, now >= next else { return false }
    delay *= 2
    self.next = delay > Self.last ? nil : now + delay
    return true
  }
}
