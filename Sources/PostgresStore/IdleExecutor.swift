import Logging
import PostgresClient

/// For what an agent does while it is idle: its signs of life, and its looks whether there is anything. They go over the connection that
/// listens, so that an idle agent needs no other one, nor one that was idle when it is woken.
struct IdleExecutor: Sendable {
  let watch: NotificationWatch
  let pool: PostgresPool
  /// For a statement on the connection that listens, which hears nothing meanwhile.
  let limit: Duration
  let logger: Logger

  /// One statement that commits by itself. Where the listener cannot do it in time, the pool does.
  ///
  /// - Parameter isRepeatable: whether it does no harm to carry it out once more. If not, an unknown outcome is thrown.
  func query(
    _ statement: String, _ parameters: [PostgresParameter] = [], isRepeatable: Bool = true
  ) async throws(PostgresError) -> PostgresRows {
    do throws(PostgresError) {
      if let rows = try await watch.listener?.query(statement, parameters, timeout: limit, planning: .kept) { return rows }
    } catch {
      if error.outcomeIsUnknown, !isRepeatable { throw error }
      logger.debug("a statement goes to another connection", metadata: ["error": "\(error)"])
    }
    return try await pool.query(statement, parameters, planning: .kept)
  }
}
