import Logging
import Synchronization

/// What statements can be run on: a connection, an open transaction, or the pool.
public protocol PostgresExecutor: Sendable {
  func perform(_ statements: PostgresStatements, timeout: Duration?) async throws(PostgresError) -> [PostgresRows]
}

/// What is sent at once.
public struct PostgresStatements: Sendable { let content: Command.Content }

extension PostgresExecutor {
  /// Runs one statement with parameters. On a connection or the pool it commits by itself.
  ///
  /// - Parameter timeout: nil is the settings' `queryTimeout`; after it the server is asked to cancel, and `.timeout` is thrown.
  /// - Throws: `.server`, `.connectionLost` (nothing happened), `.unknownOutcome`, `.timeout`, `.cancelled`, `.invalidParameter`, `.closed`;
  ///   the pool also `.poolTimeout` and what connecting throws.
  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], timeout: Duration? = nil
  ) async throws(PostgresError) -> PostgresRows {
    let content = try Command.Content.statement(Self.checked(statement), EncodedParameters(parameters))
    guard let rows = try await perform(PostgresStatements(content: content), timeout: timeout).first else {
      throw PostgresError(.protocolViolation, "The server sent no result for a statement.")
    }
    return rows
  }

  /// Runs any number of statements without parameters, in one implicit transaction unless they say otherwise; one result each.
  @discardableResult
  public nonisolated(nonsending) func execute(_ script: String, timeout: Duration? = nil) async throws(PostgresError) -> [PostgresRows] {
    try await perform(PostgresStatements(content: .script(Self.checked(script))), timeout: timeout)
  }

  private static func checked(_ text: String) throws(PostgresError) -> String {
    guard !text.utf8.contains(0) else { throw PostgresError(.invalidParameter, "The statement holds a NUL character; remove it.") }
    return text
  }
}

extension PostgresConnection: PostgresExecutor {
  public nonisolated func perform(_ statements: PostgresStatements, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    if case .statement(let statement, let parameters) = statements.content {
      return try await perform(statement, parameters, timeout: timeout)
    }
    return try await perform(Command(content: statements.content, timeout: timeout))
  }

  static let takesNoWrites = "the server takes no writes any more"

  /// Closes the connection unless the server answers within the time, and takes writes where these are wanted.
  nonisolated func check(within timeout: Duration) async throws(PostgresError) {
    let readOnly =
      switch settings.sessionAttributes {
      case "read-write": "pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only') = 'on'"
      case "primary": "pg_catalog.pg_is_in_recovery()"
      default: "false"
      }
    let command = Command(content: .script("SELECT \(readOnly)"), timeout: timeout, closesOnTimeout: true)
    if try await perform(command).last?.first?.get(0) == true {
      let error = PostgresError(.connectionLost, "The connection to Postgres was given up: \(Self.takesNoWrites).")
      await end(error)
      throw error
    }
  }
}

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
  fileprivate static let last = Atomic<UInt64>(0)

  public func perform(_ statements: PostgresStatements, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    try await connection.perform(Command(content: statements.content, role: .inside(transaction: id), timeout: timeout))
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
    let id = PostgresTransaction.last.wrappingAdd(1, ordering: .relaxed).newValue
    _ = try await perform(Command(content: .script(options.begin), role: .begins(transaction: id)))
    let value: T
    do {
      value = try await body(PostgresTransaction(connection: self, id: id))
      if Task.isCancelled { throw PostgresError(.cancelled, "The transaction was cancelled before its COMMIT and rolled back.") }
    } catch {
      await rollBack(id)
      throw error
    }
    let results = try await perform(
      Command(content: .script("COMMIT"), role: .ends(transaction: id, commits: true), ignoresCancellation: true))
    if results.last?.commandTag == "ROLLBACK" {
      throw PostgresError(
        .transactionAborted,
        "Postgres rolled the transaction back at COMMIT, because a statement in it had failed; let that error end the body.")
    }
    return value
  }

  /// A connection that cannot roll back is of no more use.
  private nonisolated func rollBack(_ id: UInt64) async {
    let command = Command(
      content: .script("ROLLBACK"), role: .ends(transaction: id, commits: false), timeout: settings.cancelGrace, ignoresCancellation: true)
    do throws(PostgresError) { _ = try await perform(command) } catch { if isOpen { await close() } }
  }
}

extension Logger {
  /// Logs nothing.
  public static var silent: Logger { Logger(label: "postgres", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
