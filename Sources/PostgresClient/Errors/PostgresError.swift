/// What every function of this module throws. `description` is one sentence for people; neither it nor any
/// property holds a password or the connection URL.
public struct PostgresError: Error, Sendable {
  public let code: Code

  /// One sentence: what went wrong, with what, and what to do, if anything.
  public let message: String

  /// What the server said, if it was the server.
  public let server: ServerReport?

  /// Each host and port that was tried, with the reason, in order. Empty unless connecting failed.
  public let attempts: [ConnectAttempt]

  /// True if a statement was sent and it is unknown whether it took effect.
  public let outcomeIsUnknown: Bool

  /// The error that led to this one.
  public let underlying: (any Error)?

  init(
    _ code: Code, _ message: String, server: ServerReport? = nil, attempts: [ConnectAttempt] = [], outcomeIsUnknown: Bool = false,
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.server = server
    self.attempts = attempts
    self.outcomeIsUnknown = outcomeIsUnknown || code == .unknownOutcome
    self.underlying = underlying
  }

  public var sqlState: SQLState? { server?.sqlState ?? attempts.last?.sqlState }

  /// Whether the same call may succeed when repeated. Says nothing about whether repeating is safe: see `outcomeIsUnknown`.
  public var isRetryable: Bool {
    switch code {
    case .connectionFailed, .connectionLost, .unknownOutcome, .poolTimeout, .timeout: return true
    case .server, .transactionAborted:
      guard let state = sqlState else { return false }
      let states: Set<SQLState> = [
        .serializationFailure, .deadlockDetected, .lockNotAvailable, .adminShutdown, .crashShutdown, .cannotConnectNow, .tooManyConnections,
      ]
      return states.contains(state) || state.classCode == "08"
    default: return false
    }
  }
}

extension PostgresError {
  /// A named statement no longer exists (DISCARD or DEALLOCATE), or its result has another shape since its tables changed. It has not begun.
  var saysStatementIsGone: Bool { sqlState == .invalidStatementName || sqlState == .featureNotSupported }

  /// For a statement that changes nothing: an unknown outcome is only a lost connection.
  var withoutDoubt: PostgresError { code == .unknownOutcome ? underlying as? PostgresError ?? self : self }
}

extension PostgresError {
  /// A kind of error. New ones may be added; treat an unknown one as not retryable.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The connection string cannot be used.
    public static let badURL = Code("badURL")
    /// libpq is not installed, or too old.
    public static let libraryMissing = Code("libraryMissing")
    /// No host could be reached, or none was acceptable (`target_session_attrs`).
    public static let connectionFailed = Code("connectionFailed")
    /// The server refused the user, the password or the database.
    public static let authenticationFailed = Code("authenticationFailed")
    /// TLS could not be agreed on, or the certificate is not trusted.
    public static let tlsFailed = Code("tlsFailed")
    /// Lost, and nothing took effect: not sent yet, or inside a transaction before its COMMIT.
    public static let connectionLost = Code("connectionLost")
    /// Lost after an autocommit statement or a COMMIT was sent: it may or may not have taken effect.
    public static let unknownOutcome = Code("unknownOutcome")
    /// A statement exceeded its time and was cancelled.
    public static let timeout = Code("timeout")
    /// The calling task was cancelled.
    public static let cancelled = Code("cancelled")
    /// No connection became free or could be opened in time.
    public static let poolTimeout = Code("poolTimeout")
    /// The connection, pool, listener or transaction had been ended by us.
    public static let closed = Code("closed")
    /// The server reported an error: see `sqlState`.
    public static let server = Code("server")
    /// COMMIT was answered by ROLLBACK, because a statement of the transaction had failed before.
    public static let transactionAborted = Code("transactionAborted")
    /// A parameter, identifier or channel that cannot be sent.
    public static let invalidParameter = Code("invalidParameter")
    /// A column is missing, NULL, or not of the type asked for.
    public static let decodingFailed = Code("decodingFailed")
    /// libpq or the server did what this client does not understand (COPY, for instance).
    public static let protocolViolation = Code("protocolViolation")
  }

  /// The fields of an ErrorResponse (PostgreSQL manual, "Error and Notice Message Fields").
  public struct ServerReport: Sendable, Hashable {
    public let sqlState: SQLState
    public let message: String
    public let hint: String?
  }

  /// One address that was tried.
  public struct ConnectAttempt: Sendable, Hashable, CustomStringConvertible {
    public let host: String
    public let port: String
    public let reason: String
    public let sqlState: SQLState?
    public let kind: Kind

    public enum Kind: Sendable, Hashable { case network, timedOut, nameNotFound, refused, authentication, tls, notAcceptable }

    public var description: String { "\(Endpoint.format(host: host, port: port)): \(reason)" }
  }
}

extension PostgresError: CustomStringConvertible {
  public var description: String {
    guard let server else { return message }
    var text = message
    if !server.sqlState.rawValue.isEmpty, !text.contains(server.sqlState.rawValue) { text += " (SQLSTATE \(server.sqlState))" }
    if let hint = server.hint, !hint.isEmpty { text += " Hint: \(hint)" }
    return text
  }
}
