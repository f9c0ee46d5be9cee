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
      let subject = role.isCommit ? "COMMIT was sent" : "a statement was sent"
      let code = isUnknown ? PostgresError.Code.unknownOutcome : .connectionLost
      return make(code, "\(trimmed(reason.message)), after \(subject); \(what).", reason, isUnknown)
    }
  }

  /// For those that were not.
  static func notSent(_ reason: PostgresError) -> PostgresError {
    let code = reason.code == .closed ? PostgresError.Code.closed : .connectionLost
    return make(code, "\(trimmed(reason.message)); nothing was sent.", reason, false)
  }

  private static func trimmed(_ message: String) -> Substring { message.hasSuffix(".") ? message.dropLast() : Substring(message) }

  private static func make(_ code: PostgresError.Code, _ message: String, _ reason: PostgresError, _ isUnknown: Bool) -> PostgresError {
    PostgresError(code, message, server: reason.server, outcomeIsUnknown: isUnknown, underlying: reason)
  }
}

extension CommandSchedule.Role {
  var isCommit: Bool { if case .ends(_, commits: true) = self { true } else { false } }
}

/// What is known of a connection without asking its actor: how it ended, and whether it is in a transaction; readable from any thread and awaited by any number of tasks.
final class Ending: Sendable {
  private struct State {
    var error: PostgresError?
    var waiters: [UInt64: CheckedContinuation<PostgresError, Never>] = [:]
    var lastWaiter: UInt64 = 0
  }
  private let state = Mutex(State())
  private let outsideTransaction = Atomic(true)

  var isOutsideTransaction: Bool {
    get { outsideTransaction.load(ordering: .acquiring) }
    set { outsideTransaction.store(newValue, ordering: .releasing) }
  }

  var error: PostgresError? { state.withLock { $0.error } }

  /// False when it had ended before.
  func finish(_ error: PostgresError) -> Bool {
    let waiters = state.withLock { state -> [CheckedContinuation<PostgresError, Never>]? in
      guard state.error == nil else { return nil }
      state.error = error
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    guard let waiters else { return false }
    for waiter in waiters { waiter.resume(returning: error) }
    return true
  }

  /// Returns early, with `.cancelled`, when the task is cancelled.
  func wait() async -> PostgresError {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state -> PostgresError? in
          if let error = state.error { return error }
          if Task.isCancelled { return Self.cancelled }
          state.waiters[number] = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: Self.cancelled)
    }
  }

  private static let cancelled = PostgresError(.cancelled, "Waiting for the end of a connection was cancelled.")
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
