/// What statements can be run on: a connection, an open transaction, or the pool.
public protocol PostgresExecutor: Sendable {
  /// Runs one statement with parameters. On a connection or the pool it commits by itself.
  ///
  /// - Parameter timeout: nil is the settings' `queryTimeout`; after it the server is asked to cancel, and `.timeout` is thrown.
  /// - Throws: `.server`, `.connectionLost` (nothing happened), `.unknownOutcome`, `.timeout`, `.cancelled`, `.invalidParameter`, `.closed`;
  ///   the pool also `.poolTimeout` and what connecting throws.
  @discardableResult
  func query(_ statement: String, _ parameters: [PostgresParameter], timeout: Duration?) async throws(PostgresError) -> PostgresRows

  /// Runs any number of statements without parameters, in one implicit transaction unless they say otherwise; one result each.
  @discardableResult
  func execute(_ script: String, timeout: Duration?) async throws(PostgresError) -> [PostgresRows]
}

extension PostgresExecutor {
  @discardableResult
  public nonisolated(nonsending) func query(_ statement: String, _ parameters: [PostgresParameter] = []) async throws(PostgresError)
    -> PostgresRows
  {
    try await query(statement, parameters, timeout: nil)
  }

  @discardableResult
  public nonisolated(nonsending) func execute(_ script: String) async throws(PostgresError) -> [PostgresRows] {
    try await execute(script, timeout: nil)
  }
}

extension PostgresConnection: PostgresExecutor {
  @discardableResult
  public func query(_ statement: String, _ parameters: [PostgresParameter], timeout: Duration?) async throws(PostgresError)
    -> PostgresRows
  {
    try await run(statement, parameters, timeout: timeout, role: .single)
  }

  @discardableResult
  public func execute(_ script: String, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    try await run(script: script, timeout: timeout, role: .single)
  }

  /// Whether the server answers within the time; if not, the connection is closed. Throws what `query` throws.
  public func ping(within timeout: Duration) async throws(PostgresError) {
    let command = Command(content: .script("SELECT 1"), timeout: timeout, closesOnTimeout: true)
    _ = try await perform(command).get()
  }

  func run(
    _ statement: String, _ parameters: [PostgresParameter], timeout: Duration?, role: CommandSchedule.Role
  ) async throws(PostgresError) -> PostgresRows {
    try checkStatement(statement)
    let content = Command.Content.statement(statement, try EncodedParameters(parameters))
    let results = try await perform(Command(content: content, role: role, timeout: timeout ?? settings.queryTimeout)).get()
    guard let rows = results.first else { throw PostgresError(.protocolViolation, "The server sent no result for a statement.") }
    return rows
  }

  func run(script: String, timeout: Duration?, role: CommandSchedule.Role) async throws(PostgresError) -> [PostgresRows] {
    try checkStatement(script)
    return try await perform(Command(content: .script(script), role: role, timeout: timeout ?? settings.queryTimeout)).get()
  }

  private nonisolated func checkStatement(_ text: String) throws(PostgresError) {
    guard !text.utf8.contains(0) else { throw PostgresError(.invalidParameter, "The statement holds a NUL character; remove it.") }
  }
}
