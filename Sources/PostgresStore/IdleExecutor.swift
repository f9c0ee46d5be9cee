import Logging
import PostgresClient

/// Runs the statements of an idle agent, its heartbeats and looks for news, on the listening connection. So an idle agent needs no other
/// connection, and one that wakes need not open one to look.
struct IdleExecutor: Sendable {
  let watch: NotificationWatch
  let pool: PostgresPool
  /// The time limit for a statement on the listening connection, which receives nothing meanwhile.
  let limit: Duration
  let logger: Logger

  /// Runs one autocommit statement. If the listener cannot run it in time, the pool does, unless a lock would hold it up there too.
  ///
  /// - Parameter isRepeatable: whether the statement is idempotent. If not, an unknown outcome is thrown.
  func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], isRepeatable: Bool = true
  ) async throws(PostgresError) -> PostgresRows {
    do throws(PostgresError) {
      if !pool.setsIsolation, let rows = try await watch.listener?.query(statement, parameters, timeout: limit) { return rows }
    } catch {
      if error.sqlState == .lockNotAvailable || (error.outcomeIsUnknown && !isRepeatable) { throw error }
      logger.debug("a statement goes to another connection", metadata: ["error": "\(error)"])
    }
    return try await pool.query(statement, parameters)
  }
}
