import Synchronization

/// What the end of a connection means for its commands.
enum EndOfConnection {
  /// For the command that was sent.
  static func error(_ reason: PostgresError, _ role: CommandSchedule.Role, _ stop: CommandSchedule.StopReason?) -> PostgresError {
    let isUnknown = role.leavesUnknownOutcome
    let what = isUnknown ? "whether it took effect is unknown" : "its transaction is rolled back"
    if reason.code == .protocolViolation { return make(reason.code, reason.message, reason, isUnknown) }
    switch stop {
    case .cancelled:
      return make(.cancelled, "The statement was cancelled and its connection given up; \(what).", reason, isUnknown)
    case .timedOut:
      return make(.timeout, "The statement took longer than its time limit and its connection was given up; \(what).", reason, isUnknown)
    case nil:
      if reason.code == .closed { return make(.closed, "\(reason.message) A statement was running; \(what).", reason, isUnknown) }
      let isCommit = if case .ends(_, commits: true) = role { true } else { false }
      let subject = isCommit ? "COMMIT was sent" : "a statement was sent"
      let code = isUnknown ? PostgresError.Code.unknownOutcome : .connectionLost
      return make(code, "\(trimmed(reason.message)), after \(subject); \(what).", reason, isUnknown)
    }
  }

  /// For commands that were not sent.
  static func notSent(_ reason: PostgresError) -> PostgresError {
    let code = reason.code == .closed ? PostgresError.Code.closed : .connectionLost
    return make(code, "\(trimmed(reason.message)); nothing was sent.", reason, false)
  }

  private static func trimmed(_ message: String) -> Substring { message.hasSuffix(".") ? message.dropLast() : Substring(message) }

  private static func make(_ code: PostgresError.Code, _ message: String, _ reason: PostgresError, _ isUnknown: Bool) -> PostgresError {
    PostgresError(code, message, server: reason.server, outcomeIsUnknown: isUnknown, underlying: reason)
  }
}

/// Lets the event loop reach a connection without keeping it alive.
///
/// `@unchecked Sendable` is safe because the reference is under a lock.
final class WeakConnection: @unchecked Sendable {
  private let lock = Mutex(())
  private weak var reference: PostgresConnection?

  var connection: PostgresConnection? {
    get { lock.withLock { _ in reference } }
    set { lock.withLock { _ in reference = newValue } }
  }
}
