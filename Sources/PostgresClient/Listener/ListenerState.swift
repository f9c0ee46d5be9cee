/// Times of a listener.
public struct ListenerConfiguration: Sendable {
  /// Between two questions whether the server answers and takes writes. Nil for 3 s where there is another host to go to, and else 10 s: an
  /// idle process sleeps.
  public var livenessInterval: Duration?
  /// For the answer to LISTEN and to these questions; then the connection is given up.
  public var livenessDeadline: Duration = .seconds(2)
  /// For the self-test's notification to arrive.
  public var selfTestLimit: Duration = .seconds(2)
  /// Between self-tests that could not be made or failed.
  public var selfTestRetry: Duration = .seconds(60)
  /// Between two attempts to connect. Restarts after a good answer.
  public var backoff = Backoff(maximum: .seconds(5))

  public init() {}
}

public enum ListenerEvent: Sendable {
  /// LISTEN is committed, after each connect: earlier changes were not heard, so look at everything now.
  case connected
  case notification(PostgresNotification)
  case stateChanged(ListenerState)
}

/// One NOTIFY as it arrived.
public struct PostgresNotification: Sendable, Hashable {
  public let channel: String
  /// At most 7,999 bytes; empty if none was given.
  public let payload: String
}

/// How well a listener hears.
public enum ListenerState: Sendable, CustomStringConvertible {
  /// Not started, connecting, or listening but not proven yet.
  case connecting
  /// A notification from a second connection arrived.
  case listening
  /// Connected, but notifications do not arrive, or that is unknown: poll.
  case degraded(DegradedReason)
  /// Reconnecting, for ever; poll if you can.
  case disconnected(PostgresError)
  /// `run` was cancelled.
  case stopped

  public enum DegradedReason: Sendable, CustomStringConvertible {
    /// LISTEN was accepted, yet a NOTIFY from a second connection did not arrive in time: a pooler in transaction mode, for instance.
    case notDelivered(poolerDetected: Bool)
    /// The self-test could not be made; it is repeated at `selfTestRetry`.
    case untested(PostgresError)

    public var description: String {
      switch self {
      case .notDelivered(poolerDetected: true):
        "notifications do not arrive, because a connection pooler is between us and Postgres; use its session mode or the direct port"
      case .notDelivered(poolerDetected: false): "LISTEN succeeds, but notifications of other connections do not arrive"
      case .untested(let error): "whether notifications arrive could not be tested: \(error)"
      }
    }
  }

  /// Whether notifications can be relied on as the quick way (a slow safety poll still belongs beside it).
  public var isDelivering: Bool { if case .listening = self { true } else { false } }

  public var description: String {
    switch self {
    case .connecting: "connecting"
    case .listening: "listening"
    case .degraded(let reason): "degraded: \(reason)"
    case .disconnected(let error): "disconnected: \(error)"
    case .stopped: "stopped"
    }
  }
}
