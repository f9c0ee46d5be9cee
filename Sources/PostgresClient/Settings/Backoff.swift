/// Exponential backoff with full jitter: the n-th wait is a random time between `minimum` and min(`maximum`, minimum · 2ⁿ).
/// See "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public struct Backoff: Sendable {
  public let minimum: Duration
  public let maximum: Duration
  private var attempt = 0

  public init(minimum: Duration = .milliseconds(100), maximum: Duration = .seconds(30)) {
    self.minimum = minimum
    self.maximum = max(minimum, maximum)
  }

  /// The next wait. `random` is in 0..<1.
  public mutating func next(random: Double) -> Duration {
    let ceiling = min(maximum, minimum * (1 << min(attempt, 30)))
    attempt += 1
    return minimum + (ceiling - minimum) * min(max(random, 0), 1)
  }

  public mutating func reset() { attempt = 0 }
}
