/// What is between us and Postgres.
public enum Pooling: Sendable {
  case none
  /// A connection keeps its server process for as long as it lives.
  case sessions
  /// Each transaction may get another server process: whatever a session keeps stays behind for others.
  case transactions
}

extension PostgresConnection {
  /// Finds out without leaving anything behind.
  ///
  /// - Parameter other: another connection of the same kind, or the pool.
  public nonisolated func pooling(
    comparedWith other: some PostgresExecutor, within timeout: Duration
  ) async throws(PostgresError) -> Pooling {
    if try await isDirect(within: timeout) { return .none }
    // A pooler hands out either the process that was used last, which the other one then gets too, or the one that was idle for longest,
    // which is another one from time to time. More rounds, because other clients may come in between.
    var seen: Set<Int> = []
    for _ in 0..<3 {
      for _ in 0..<2 { seen.insert(try await self.processID(within: timeout)) }
      let others = try await other.processID(within: timeout)
      if seen.count > 1 || seen.contains(others) { return .transactions }
    }
    return .sessions
  }

  /// Whether libpq speaks with the server process itself: a pooler has told it of one that does not exist.
  nonisolated func isDirect(within timeout: Duration) async throws(PostgresError) -> Bool {
    try await processID(within: timeout) == Int(serverProcessID)
  }
}

extension PostgresExecutor {
  fileprivate nonisolated(nonsending) func processID(within timeout: Duration) async throws(PostgresError) -> Int {
    try await execute("SELECT pg_catalog.pg_backend_pid()", timeout: timeout).last?.first?.get(0) ?? 0
  }
}
