/// The times of a store. The defaults are the documented ones; tests set others.
public struct StoreTiming: Hashable, Sendable {
  /// How long a lease lasts.
  public var lease: Duration
  /// How long a claim on a task lasts without a heartbeat of its holder.
  public var claim: Duration
  /// How long an instance counts as running without a heartbeat.
  public var presence: Duration
  /// How long a reply, or news of a task, is kept for the session that it belongs to.
  public var reservation: Duration
  /// For how long of this the other instances of the session leave a reply to the one that asked.
  public var precedence: Duration

  public init(
    lease: Duration = .seconds(30), claim: Duration = .seconds(600), presence: Duration = .seconds(45),
    reservation: Duration = .seconds(600),
    precedence: Duration = .milliseconds(300)
  ) {
    (self.lease, self.claim, self.presence) = (lease, claim, presence)
    (self.reservation, self.precedence) = (reservation, precedence)
  }
}

extension Duration {
  /// In seconds, with a fraction.
  public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
