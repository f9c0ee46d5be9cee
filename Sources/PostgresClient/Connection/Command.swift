import Synchronization

/// One thing to send, and how to treat it.
struct Command: Sendable {
  enum Content: Sendable {
    /// Simple protocol: any number of statements, no parameters.
    case script(String)
    /// Extended protocol with the unnamed statement: also right behind a transaction pooler.
    case statement(String, EncodedParameters)
    /// Named statements: not through a transaction pooler.
    case prepare(name: String, String, types: [UInt32])
    case prepared(name: String, EncodedParameters)
  }

  var content: Content
  var role = CommandSchedule.Role.single
  var timeout: Duration
  /// For COMMIT and ROLLBACK: a cancelled task must end its transaction too.
  var ignoresCancellation = false
  /// For liveness: a connection that does not answer is given up, without asking the server to cancel.
  var closesOnTimeout = false
}

/// Names a command before it is queued, for its task may be cancelled by then.
final class CommandTicket: Sendable {
  let id: CommandSchedule.ID
  private let wasCancelled = Atomic(false)
  private static let last = Atomic<CommandSchedule.ID>(0)

  init() { id = Self.last.wrappingAdd(1, ordering: .relaxed).newValue }

  var isCancelled: Bool { wasCancelled.load(ordering: .sequentiallyConsistent) }
  func cancel() { wasCancelled.store(true, ordering: .sequentiallyConsistent) }
}

/// A command and who waits for it.
struct PendingCommand {
  let command: Command
  let continuation: CheckedContinuation<Result<[PostgresRows], PostgresError>, Never>
}
