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

  public var sqlState: SQLState? { server?.sqlState ?? attempts.compactMap(\.sqlState).last }

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
  /// For a statement that changes nothing: an unknown outcome is only a lost connection.
  var withoutDoubt: PostgresError { code == .unknownOutcome ? underlying as? PostgresError ?? self : self }

  /// The message without its full stop, to go on.
  var clause: Substring { message.hasSuffix(".") ? message.dropLast() : Substring(message) }

  public enum Code: Sendable {
    /// The connection string cannot be used.
    case badURL
    /// libpq is not installed, or too old.
    case libraryMissing
    /// No host could be reached, or none was acceptable (`target_session_attrs`).
    case connectionFailed
    /// The server refused the user, the password or the database.
    case authenticationFailed
    /// TLS could not be agreed on, or the certificate is not trusted.
    case tlsFailed
    /// Lost, and nothing took effect: not sent yet, or inside a transaction before its COMMIT.
    case connectionLost
    /// Lost after an autocommit statement or a COMMIT was sent: it may or may not have taken effect.
    case unknownOutcome
    /// A statement exceeded its time and was cancelled.
    case timeout
    /// The calling task was cancelled.
    case cancelled
    /// No connection became free or could be opened in time.
    case poolTimeout
    /// The connection, pool, listener or transaction had been ended by us.
    case closed
    /// The server reported an error: see `sqlState`.
    case server
    /// COMMIT was answered by ROLLBACK, because a statement of the transaction had failed before.
    case transactionAborted
    /// A parameter, identifier or channel that cannot be sent.
    case invalidParameter
    /// A column is missing, NULL, or not of the type asked for.
    case decodingFailed
    /// libpq or the server did what this client does not understand (COPY, for instance).
    case protocolViolation
  }

  /// The fields of an ErrorResponse (PostgreSQL manual, "Error and Notice Message Fields").
  public struct ServerReport: Sendable, Hashable {
    public let sqlState: SQLState
    public let message: String
    public let hint: String?
    public let detail: String?
    /// The violated constraint.
    public let constraint: String?
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
