import Synchronization

/// How a transaction begins.
public struct TransactionOptions: Sendable, Hashable {
  public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
  }

  /// Nil is the server's default.
  public var isolation: Isolation?
  public var readOnly: Bool

  public init(isolation: Isolation? = nil, readOnly: Bool = false) {
    self.isolation = isolation
    self.readOnly = readOnly
  }

  var begin: String { "BEGIN" + (isolation.map { " ISOLATION LEVEL \($0.rawValue)" } ?? "") + (readOnly ? " READ ONLY" : "") }
}

/// An open transaction; valid inside the body of `withTransaction` only, later it throws `.closed`.
public struct PostgresTransaction: PostgresExecutor {
  let connection: PostgresConnection
  let id: UInt64

  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: String, _ parameters: [PostgresParameter], timeout: Duration?, planning: Planning
  ) async throws(PostgresError) -> PostgresRows {
    try await connection.run(statement, parameters, timeout: timeout, planning: planning, role: .inside(transaction: id))
  }

  @discardableResult
  public nonisolated(nonsending) func execute(_ script: String, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    try await connection.run(script: script, timeout: timeout, role: .inside(transaction: id))
  }
}

extension PostgresConnection {
  /// BEGIN, the body, COMMIT; ROLLBACK when the body throws or its task is cancelled before COMMIT was sent.
  ///
  /// Other commands of this connection wait until it has ended: use only the transaction inside the body.
  /// - Throws: what the body throws, after a ROLLBACK; else a `PostgresError`, of code `.unknownOutcome` when the connection was lost
  ///   during COMMIT, `.transactionAborted` when the body swallowed the error of a statement, `.connectionLost` when nothing took effect.
  @discardableResult
  public func withTransaction<T>(
    _ options: TransactionOptions = TransactionOptions(), isolation: isolated (any Actor)? = #isolation,
    _ body: (PostgresTransaction) async throws -> T
  ) async throws -> T {
    let id = TransactionNumber.next()
    try await begin(options, id)
    let value: T
    do {
      value = try await body(PostgresTransaction(connection: self, id: id))
      try Self.checkNotCancelled()
    } catch {
      await rollBack(id)
      throw error
    }
    try await commit(id)
    return value
  }

  private nonisolated func begin(_ options: TransactionOptions, _ id: UInt64) async throws(PostgresError) {
    let question = isDirect == nil ? "; \(Self.whoAreYou)" : ""
    let results = try await run(script: options.begin + question, timeout: nil, role: .begins(transaction: id))
    if isDirect == nil { try learn(from: results.last) }
  }

  private static func checkNotCancelled() throws(PostgresError) {
    if Task.isCancelled { throw PostgresError(.cancelled, "The transaction was cancelled before its COMMIT and rolled back.") }
  }

  private nonisolated func commit(_ id: UInt64) async throws(PostgresError) {
    let command = Command(
      content: .script("COMMIT"), role: .ends(transaction: id, commits: true), timeout: settings.queryTimeout, ignoresCancellation: true)
    let results = try await perform(command).get()
    if results.last?.commandTag == "ROLLBACK" {
      throw PostgresError(
        .transactionAborted,
        "Postgres rolled the transaction back at COMMIT, because a statement in it had failed; let that error end the body.")
    }
  }

  /// A connection that cannot roll back is of no more use.
  private nonisolated func rollBack(_ id: UInt64) async {
    let command = Command(
      content: .script("ROLLBACK"), role: .ends(transaction: id, commits: false), timeout: settings.cancelGrace, ignoresCancellation: true)
    if case .failure = await perform(command), isOpen { await close() }
  }
}

enum TransactionNumber {
  private static let last = Atomic<UInt64>(0)
  static func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}
