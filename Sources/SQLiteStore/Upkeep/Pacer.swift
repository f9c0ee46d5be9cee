/// Divides long work into portions. While others are at work, each holds the lock for 25 ms at most, and all together for less than a tenth of
/// the time. Alone, they are longer, and one follows the other at once.
struct Pacer: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// How long a portion should hold the lock. It takes longer when the machine is busy.
  private static let (hold, holdAlone) = (Duration.milliseconds(15), Duration.milliseconds(60))
  /// The pause is so many times as long as the portion was. Work that nobody waits for goes on beside other long work.
  private static let (pauses, pausesInBackground) = (20, 60)
  /// Others try again at intervals of up to 25 ms.
  private static let shortestPause = Duration.milliseconds(50)
  /// A slow disk or a busy machine can hold a portion up for seconds. A person may wait for the next one.
  private static let longestPause = Duration.seconds(3)
  /// How long others count as being at work after a sign of them.
  private static let memory = Duration.seconds(3)

  /// How long the next portion may work until it commits, which takes a time of its own.
  private(set) var work = Duration.milliseconds(5)
  /// When the next portion may begin; nil for at once, while nobody else is at work.
  private(set) var next: Instant?
  private var lastSign: Instant?

  /// - Parameters:
  ///   - begin: when the lock was taken; `end`: when it was free again.
  ///   - isDisturbing: whether there was a sign of others.
  ///   - isInBackground: whether nobody waits for the work.
  mutating func ended(from begin: Instant, to end: Instant, isDisturbing: Bool, isInBackground: Bool = false) {
    let (held, wasAlone) = (end - begin, next == nil)
    if isDisturbing { lastSign = end }
    let pause = min(max(held * (isInBackground ? Self.pausesInBackground : Self.pauses), Self.shortestPause), Self.longestPause)
    next = lastSign.flatMap { end - $0 < Self.memory ? end + pause : nil }
    // Towards the right length: longer by steps, shorter at once.
    let target = next == nil ? Self.holdAlone : Self.hold
    let growth = wasAlone && next != nil ? 1 : 1.5
    work = min(max(work * min(target / max(held, .microseconds(1)), growth), .milliseconds(1)), target)
  }
}

/// The time of one portion.
struct Portion {
  /// Nil for no limit.
  var end: ContinuousClock.Instant?

  /// Whether the portion should be committed now. Each makes some progress before it asks.
  var isOver: Bool { end.map { ContinuousClock.now >= $0 } ?? false }
}
