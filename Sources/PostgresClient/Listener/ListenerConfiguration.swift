/// Times of a listener.
public struct ListenerConfiguration: Sendable {
  /// Between two liveness queries. Default 10 s.
  public var livenessInterval: Duration = .seconds(10)
  /// For the answer to LISTEN and to a liveness query; then the connection is given up. Default 5 s.
  public var livenessDeadline: Duration = .seconds(5)
  /// For the self-test's notification to arrive. Default 2 s.
  public var selfTestLimit: Duration = .seconds(2)
  /// When a self-test could not be made, or failed, it is repeated after this. Default 60 s.
  public var selfTestRetry: Duration = .seconds(60)
  /// Between two attempts to connect, random times up to this. Default 0.1 s to 30 s. Begins anew once a liveness query succeeded.
  public var backoff = Backoff()
  /// Hints that may wait for the consumer. Default 1,024.
  public var bufferedEvents = 1_024

  public init() {}
}
