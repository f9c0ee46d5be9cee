import Synchronization

/// One thing to send, and how to treat it.
struct Command: Sendable {
  enum Content: Sendable {
    /// Simple protocol: any number of statements, no parameters.
    case script(String)
    /// Extended protocol with the unnamed statement, which also works behind a transaction pooler.
    case statement(String, EncodedParameters)
    /// Prepares a statement under a name; the types are those of its parameters.
    case preparation(String, String, types: [UInt32])
    /// The prepared statement of this name.
    case prepared(String, EncodedParameters)
  }

  var content: Content
  var role = CommandSchedule.Role.single
  /// Nil is the settings' `queryTimeout`. That of a call shortens it.
  var timeout: Duration?
  /// For a command of a call: when it is stopped if it has had to wait for its turn.
  var end: ContinuousClock.Instant?
  /// Nil is the settings' `cancelGrace`.
  var grace: Duration?
  /// For COMMIT and ROLLBACK: a cancelled task must end its transaction too.
  var ignoresCancellation = false
  /// For liveness: a connection that does not answer is given up, without asking the server to cancel.
  var closesOnTimeout = false
}

/// A command and who waits for it. It has its number before it is queued, because its task may be cancelled by then.
final class PendingCommand: Sendable {
  let id: CommandSchedule.ID
  let command: Command
  private let continuation = Mutex<CheckedContinuation<Result<[PostgresRows], PostgresError>, Never>?>(nil)
  private let wasCancelled = Atomic(false)
  private static let last = Atomic<CommandSchedule.ID>(0)

  init(_ command: Command) {
    id = Self.last.wrappingAdd(1, ordering: .relaxed).newValue
    self.command = command
  }

  var isCancelled: Bool { wasCancelled.load(ordering: .sequentiallyConsistent) }
  func cancel() { wasCancelled.store(true, ordering: .sequentiallyConsistent) }

  /// The result, for which `submit` must bring about a call of `complete`.
  func result(_ submit: () -> Void) async -> Result<[PostgresRows], PostgresError> {
    await withCheckedContinuation { continuation in
      self.continuation.withLock { $0 = continuation }
      submit()
    }
  }

  func complete(_ result: Result<[PostgresRows], PostgresError>) { continuation.withLock { $0.take() }?.resume(returning: result) }
}

extension PostgresError {
  init(neverSent reason: CommandSchedule.StopReason) {
    switch reason {
    case .cancelled: self.init(.cancelled, "The statement was cancelled before it was sent.")
    case .timedOut: self.init(.timeout, "The statement was not sent within its time limit.")
    }
  }
}
