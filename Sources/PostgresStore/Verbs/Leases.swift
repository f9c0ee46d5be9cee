import Bridge
import PostgresClient
import Synchronization

/// What an attempt may have taken: its outcome is unknown.
private final class Doubt: Sendable {
  private let state = Mutex<String?>(nil)

  var batch: String? {
    get { state.withLock(\.self) }
    set { state.withLock { $0 = newValue } }
  }
}

extension PostgresStore {
  /// Carries out a verb that takes something under the lease that it is given a name for. What an attempt with an unknown outcome may have
  /// taken is given back before the next one, so that nothing seems to be gone until its lease expires.
  func performTaking<Value: Sendable>(
    _ verb: @Sendable @escaping (PostgresPool, _ batch: String) async throws -> Value
  ) async throws(BridgeError) -> Value {
    let doubt = Doubt()
    do throws(BridgeError) {
      return try await perform { pool in
        if let batch = doubt.batch { try await self.giveBack([batch], redelivered: false, pool) }
        doubt.batch = nil
        let batch = UniqueID.make()
        do { return try await verb(pool, batch) } catch let error as PostgresError where error.outcomeIsUnknown {
          doubt.batch = batch
          throw error
        }
      }
    } catch {
      if let batch = doubt.batch { Task { try? await self.undo(batch) } }
      throw error
    }
  }

  /// Marks what was taken, and records it.
  func lease(_ delivered: Delivered, as batch: String, to instance: Instance, _ transaction: some PostgresExecutor) async throws {
    try await transaction.query(
      """
      WITH marked AS (
        UPDATE \(sql.messages) SET read = 1 WHERE seq = ANY($5::bigint[])
      ), seen_by_assignee AS (
        UPDATE \(sql.taskDetails) SET assignee_unseen = 0,
          creator_unseen = CASE WHEN task_id = ANY($7::text[]) THEN 0 ELSE creator_unseen END
        WHERE task_id = ANY($6::text[])
      ), seen_by_creator AS (
        UPDATE \(sql.taskDetails) SET creator_unseen = 0 WHERE task_id = ANY($7::text[]) AND NOT task_id = ANY($6::text[])
      )
      INSERT INTO \(sql.deliveries) (batch, agent, owner, process, messages, assignee_tasks, creator_tasks, expires_at)
      VALUES ($1, $2, $3, $4, $5::bigint[], $6::text[], $7::text[], \(SQL.later("$8")))
      """,
      [
        .text(batch), .text(instance.agent.name), .text(instance.id), .text(instance.process.encoded), .intArray(delivered.messages),
        .textArray(delivered.assigneeTasks), .textArray(delivered.creatorTasks), .double(timing.lease.inSeconds),
      ], planning: .kept)
  }

  public func confirm(_ batch: String) async throws(BridgeError) {
    _ = try await perform { [sql, idle] _ in
      try await idle.query(
        """
        WITH ended AS (DELETE FROM \(sql.deliveries) WHERE batch = $1 RETURNING messages)
        INSERT INTO \(sql.messageDetails) (message_id, read_at)
        SELECT m.id, clock_timestamp() FROM ended, \(sql.messages) m WHERE m.seq = ANY(ended.messages) AND m.id IS NOT NULL
        ON CONFLICT (message_id) DO UPDATE SET read_at = excluded.read_at
        """, [.text(batch)])
    }
  }

  public func undo(_ batch: String) async throws(BridgeError) {
    _ = try await perform { pool in try await self.giveBack([batch], redelivered: false, pool) }
  }

  public func renew(_ batches: [String]) async throws(BridgeError) {
    let lease = timing.lease.inSeconds
    _ = try await perform { [sql] pool in
      try await pool.query(
        "UPDATE \(sql.deliveries) SET expires_at = \(SQL.later("$2")) WHERE batch = ANY($1::text[])", [.textArray(batches), .double(lease)])
    }
  }

  @discardableResult
  public func recoverExpired() async throws(BridgeError) -> Int {
    try await perform { pool in try await self.recover(self.idle.query(self.leases), pool) }
  }

  /// All leases and whether they have run out, as a query; all columns are NULL where there are none and another table is joined.
  var leases: String { "SELECT batch, process, expires_at < clock_timestamp() AS expired FROM \(sql.deliveries)" }

  /// For those who want something else: where somebody keeps a row locked, recovery can wait for the next time.
  ///
  /// - Returns: whether anything was given back.
  func recoverIfPossible(_ leases: PostgresRows, _ pool: PostgresPool) async throws -> Bool {
    do { return try await recover(leases, pool) > 0 } catch let error as PostgresError where error.sqlState == .lockNotAvailable {
      logger.debug("recovery waits for a lock", metadata: ["error": "\(error)"])
      return false
    }
  }

  private func recover(_ leases: PostgresRows, _ pool: PostgresPool) async throws -> Int {
    var (expired, dead) = ([String](), [String]())
    for row in leases {
      guard let batch: String = try row.get("batch") else { continue }
      if try ProcessIdentity(encoded: row.get("process"))?.isKnownDead == true {
        dead.append(batch)
      } else if try row.get("expired", as: Bool.self) {
        expired.append(batch)
      }
    }
    guard !expired.isEmpty || !dead.isEmpty else { return 0 }
    return try await giveBack(dead, expired: expired, redelivered: true, pool)
  }

  /// Makes unread again what was taken. The triggers wake the recipients of messages; news of tasks wake their agent here.
  ///
  /// - Parameter expired: leases that are given back unless they are renewed meanwhile.
  /// - Returns: how many leases this ended; others may have been quicker.
  @discardableResult
  private func giveBack(
    _ batches: [String], expired: [String] = [], redelivered: Bool, _ pool: PostgresPool
  ) async throws -> Int {
    try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
      try await self.limitWaiting(transaction)
      let rows = try await transaction.query(
        """
        WITH ended AS (
          DELETE FROM \(sql.deliveries)
          WHERE batch = ANY($1::text[]) OR (batch = ANY($4::text[]) AND expires_at < clock_timestamp())
          RETURNING agent, messages, assignee_tasks, creator_tasks
        ), unread AS (
          UPDATE \(sql.messages) m SET read = 0 FROM ended WHERE m.seq = ANY(ended.messages) RETURNING m.id
        ), marked AS (
          INSERT INTO \(sql.messageDetails) (message_id, redelivered) SELECT id, 1 FROM unread WHERE $2::boolean AND id IS NOT NULL
          ON CONFLICT (message_id) DO UPDATE SET redelivered = 1, read_at = NULL
        ), unseen AS (
          UPDATE \(sql.taskDetails) t SET
            assignee_unseen = CASE WHEN t.task_id = ANY(ended.assignee_tasks) THEN 1 ELSE t.assignee_unseen END,
            creator_unseen = CASE WHEN t.task_id = ANY(ended.creator_tasks) THEN 1 ELSE t.creator_unseen END
          FROM ended WHERE t.task_id = ANY(ended.assignee_tasks || ended.creator_tasks)
          RETURNING ended.agent
        )
        SELECT (SELECT count(*) FROM ended) AS ended, (
          SELECT count(pg_notify(\(sql.schema).channel_of($3, agent), 'tasks')) FROM (SELECT DISTINCT agent FROM unseen) AS agents
        ) AS told
        """, [.textArray(batches), .bool(redelivered), .text(schema.name), .textArray(expired)])
      return try rows.first?.get("ended") ?? 0
    }
  }
}
