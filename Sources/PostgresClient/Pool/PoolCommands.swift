/// How often a statement that was never sent is tried on another connection.
private let attemptsOnDeadConnections = 3

extension PostgresPool: PostgresExecutor {
  /// One autocommit statement. When its connection proves dead before anything was sent, another one is taken; after it was sent,
  /// the outcome is unknown and the error says so.
  @discardableResult
  public func query(
    _ statement: String, _ parameters: [PostgresParameter], timeout: Duration?, planning: Planning
  ) async throws(PostgresError) -> PostgresRows {
    try await retrying { connection throws(PostgresError) in
      try await connection.query(statement, parameters, timeout: timeout, planning: planning)
    }
  }

  @discardableResult
  public func execute(_ script: String, timeout: Duration?) async throws(PostgresError) -> [PostgresRows] {
    try await retrying { connection throws(PostgresError) in try await connection.execute(script, timeout: timeout) }
  }

  /// For an autocommit statement `.connectionLost` says that nothing was sent.
  private func retrying<T: Sendable>(
    _ body: (PostgresConnection) async throws(PostgresError) -> T
  ) async throws(PostgresError) -> T {
    var attempt = 1
    while true {
      let lease = try await lease()
      let result: Result<T, PostgresError>
      do throws(PostgresError) {
        result = .success(try await body(lease.connection))
      } catch { result = .failure(error) }
      giveBack(lease)
      if case .failure(let error) = result, error.code == .connectionLost, attempt < attemptsOnDeadConnections {
        attempt += 1
        continue
      }
      return try result.get()
    }
  }

  /// Lends a connection to the body. One that is left inside a transaction, or broken, is closed afterwards; other session
  /// state (SET, LISTEN, temporary tables) is not reset.
  @discardableResult
  public func withConnection<T>(
    isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> T
  ) async throws -> T {
    let lease = try await lease()
    do {
      let value = try await body(lease.connection)
      await giveBack(lease)
      return value
    } catch {
      await giveBack(lease)
      throw error
    }
  }

  /// As `PostgresConnection.withTransaction`. A connection that proves dead at BEGIN is replaced; the body runs at most once.
  @discardableResult
  public func withTransaction<T>(
    _ options: TransactionOptions = TransactionOptions(), isolation: isolated (any Actor)? = #isolation,
    _ body: (PostgresTransaction) async throws -> T
  ) async throws -> T {
    var attempt = 1
    while true {
      var hasBegun = false
      do {
        return try await withConnection { connection in
          try await connection.withTransaction(options) { transaction in
            hasBegun = true
            return try await body(transaction)
          }
        }
      } catch let error as PostgresError where error.code == .connectionLost && !hasBegun && attempt < attemptsOnDeadConnections {
        attempt += 1
      }
    }
  }
}
