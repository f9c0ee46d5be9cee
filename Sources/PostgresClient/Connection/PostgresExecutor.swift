import Logging

/// Whether the server may keep how it carries out a statement.
public enum Planning: Sendable {
  /// Parsed and planned at each call, for the values that it has then.
  case anew
  /// From the second use on a connection the statement has a name there, and is parsed no more; its plan may be kept for whatever values
  /// come. Where a pooler stands in between it is parsed at each call all the same, since the next call may meet another server process.
  case kept
}

/// What statements can be run on: a connection, an open transaction, or the pool.
public protocol PostgresExecutor: Sendable {
  /// Runs one statement with parameters. On a connection or the pool it commits by itself.
  ///
  /// - Parameter timeout: nil is the settings' `queryTimeout`; after it the server is asked to cancel, and `.timeout` is thrown.
  /// - Throws: `.server`, `.connectionLost` (nothing happened), `.unknownOutcome`, `.timeout`, `.cancelled`, `.invalidParameter`, `.closed`;
  ///   the pool also `.poolTimeout` and what connecting throws.
  @discardableResult
  func query(
    _ statement: String, _ parameters: [PostgresParameter], timeout: Duration?, planning: Planning
  ) async throws(PostgresError) -> PostgresRows

  /// Runs any number of statements without parameters, in one implicit transaction unless they say otherwise; one result each.
  @discardableResult
  func execute(_ script: String, timeout: Duration?) async throws(PostgresError) -> [PostgresRows]
}

extension PostgresExecutor {
  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], planning: Planning = .anew
  ) async throws(PostgresError) -> PostgresRows {
    try await query(statement, parameters, timeout: nil, planning: planning)
  }

  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], timeout: Duration?
  ) async throws(PostgresError) -> PostgresRows {
    try await query(statement, parameters, timeout: timeout, planning: .anew)
  }

  @discardableResult
  public nonisolated(nonsending) func execute(_ script: String) async throws(PostgresError) -> [PostgresRows] {
    try await execute(script, timeout: nil)
  }
}

extension PostgresConnection: PostgresExecutor {
  @discardableResult
  public nonisolated func query(
    _ statement: String, _ parameters: [PostgresParameter], timeout: Duration?, planning: Planning
  ) async throws(PostgresError) -> PostgresRows {
    try await run(statement, parameters, timeout: timeout, planning: planning, role: .single)
  }

  @discardableResult
  public nonisolated func execute(_ script: String, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    try await run(script: script, timeout: timeout, role: .single)
  }

  /// Whether the server answers within the time; if not, the connection is closed. Throws what `query` throws.
  public nonisolated func ping(within timeout: Duration) async throws(PostgresError) {
    let command = Command(content: .script("SELECT 1"), timeout: timeout, closesOnTimeout: true)
    _ = try await perform(command).get()
  }

  nonisolated func run(
    _ statement: String, _ parameters: [PostgresParameter], timeout: Duration?, planning: Planning, role: CommandSchedule.Role
  ) async throws(PostgresError) -> PostgresRows {
    try checkStatement(statement)
    let parameters = try EncodedParameters(parameters)
    let timeout = timeout ?? settings.queryTimeout
    if planning == .kept, let name = try await name(of: statement, parameters.types, timeout, role) {
      let result = await perform(Command(content: .prepared(name: name, parameters), role: role, timeout: timeout))
      guard case .failure(let error) = result, error.saysStatementIsGone else { return try Self.rows(result) }
      names.withLock { $0.forgetAll() }
      // Inside a transaction an error ends everything that follows.
      guard role == .single else { throw error }
    }
    return try Self.rows(await perform(Command(content: .statement(statement, parameters), role: role, timeout: timeout)))
  }

  private nonisolated static func rows(_ result: Result<[PostgresRows], PostgresError>) throws(PostgresError) -> PostgresRows {
    guard let rows = try result.get().first else {
      throw PostgresError(.protocolViolation, "The server sent no result for a statement.")
    }
    return rows
  }

  nonisolated func run(script: String, timeout: Duration?, role: CommandSchedule.Role) async throws(PostgresError) -> [PostgresRows] {
    try checkStatement(script)
    return try await perform(Command(content: .script(script), role: role, timeout: timeout ?? settings.queryTimeout)).get()
  }

  private nonisolated func checkStatement(_ text: String) throws(PostgresError) {
    guard !text.utf8.contains(0) else { throw PostgresError(.invalidParameter, "The statement holds a NUL character; remove it.") }
  }
}

extension Logger {
  /// Logs nothing.
  public static var silent: Logger { Logger(label: "postgres", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
