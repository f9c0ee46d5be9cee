/// Divides long work into portions: each holds the lock for 25 ms at most, and while others are at work, all together for less than a tenth of
/// the time. Alone, one portion follows the other at once.
struct Pacer: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// How long a portion should hold the lock. It takes longer when the machine is busy.
  private static let hold = Duration.milliseconds(15)
  /// The pause is so many times as long as the portion was.
  private static let pauses = 20
  /// Others try again at intervals of up to 25 ms.
  private static let shortestPause = Duration.milliseconds(50)
  /// How long others count as being at work after a sign of them.
  private static let memory = Duration.seconds(3)

  /// How long the next portion may work until it commits, which takes a time of its own.
  private(set) var work = Duration.milliseconds(5)
  /// When the next portion may begin; nil for at once.
  private(set) var next: Instant?
  private var lastSign: Instant?

  /// - Parameters:
  ///   - begin: when the lock was taken; `end`: when it was free again.
  ///   - isDisturbing: whether there was a sign of others.
  mutating func ended(from begin: Instant, to end: Instant, isDisturbing: Bool) {
    let held = end - begin
    // Towards the right length, by steps.
    work = min(max(work * min(max(Self.hold / max(held, .microseconds(1)), 0.5), 1.5), .milliseconds(1)), Self.hold)
    if isDisturbing { lastSign = end }
    next = lastSign.flatMap { end - $0 < Self.memory ? end + max(held * Self.pauses, Self.shortestPause) : nil }
  }
}

/// The time of one portion.
struct Portion {
  /// Nil for no limit.
  var end: ContinuousClock.Instant?

  /// Whether the portion should be committed now. Each makes some progress before it asks.
  var isOver: Bool { end.map { ContinuousClock.now >= $0 } ?? false }
}
