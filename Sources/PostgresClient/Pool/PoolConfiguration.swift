/// Size and times of a pool.
public struct PoolConfiguration: Sendable {
  /// Connections open at once. Default 2.
  public var maximumConnections: Int
  /// How long a caller waits for a connection, attempts to connect included. Default 10 s.
  public var acquireTimeout: Duration = .seconds(10)
  /// An idle connection is closed after this, at most a quarter later. Default 60 s.
  public var idleTimeout: Duration = .seconds(60)
  /// A connection that was idle for a quarter of `idleTimeout` or longer is asked whether it lives before it is used; this is the time
  /// it has to answer. Default 2 s.
  public var verifyDeadline: Duration = .seconds(2)
  /// Between two attempts to connect while somebody waits. Default 0.1 s to 2 s.
  public var backoff = Backoff(minimum: .milliseconds(100), maximum: .seconds(2))

  public init(maximumConnections: Int = 2) { self.maximumConnections = max(1, maximumConnections) }
}
