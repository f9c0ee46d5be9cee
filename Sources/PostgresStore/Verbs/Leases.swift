import Bridge
import PostgresClient
import Synchronization

/// Rows that a reply tells: messages, and tasks whose news it tells.
struct ToldRows: Sendable {
  var messages: [Int64] = []
  var tasks: [Int64] = []

  var isEmpty: Bool { messages.isEmpty && tasks.isEmpty }
}

extension PostgresRow {
  /// Whether this row of a task is news for an agent that stands on one of its sides.
  func isNews(for agent: Identity) throws -> Bool {
    func isNews(_ flag: String, _ side: String) throws -> Bool {
      try get(flag, as: Int?.self) == 1 && get(side, as: String?.self) == agent.name
    }
    return try isNews("assignee_news", "recipient") || isNews("creator_news", "sender")
  }
}

extension PostgresStore {
  /// Carries out a verb that takes something under the lease that it is given. What an attempt with an unknown outcome may have taken is given
  /// back before the next one, so that nothing seems to be gone until its lease expires.
  func performTaking<Value: Sendable>(
    _ verb: @Sendable @escaping (PostgresPool, _ lease: String) async throws -> Value
  ) async throws(BridgeError) -> Value {
    /// The lease of an attempt whose outcome is unknown.
    let doubtful = Mutex<String?>(nil)
    do throws(BridgeError) {
      return try await perform { pool in
        if let lease = doubtful.withLock(\.self) { try await self.giveBack([lease], redelivered: false, pool) }
        let lease = UniqueID.make()
        do {
          doubtful.withLock { $0 = nil }
          return try await verb(pool, lease)
        } catch let error as PostgresError where error.outcomeIsUnknown {
          doubtful.withLock { $0 = lease }
          throw error
        }
      }
    } catch {
      if let lease = doubtful.withLock(\.self) { Task { try? await self.undo(lease) } }
      throw error
    }
  }

  /// Takes rows for an instance: messages become read, and news is cleared.
  func lease(_ rows: ToldRows, as lease: String, to instance: Instance, _ transaction: some PostgresExecutor) async throws {
    try await transaction.query(
      """
      WITH marked AS (
        UPDATE \(sql.messages) SET read = 1 WHERE seq = ANY($5::bigint[])
      ), cleared AS (
        UPDATE \(sql.taskDetails) d SET assignee_news = CASE WHEN t.recipient = $2 THEN 0 ELSE assignee_news END,
          creator_news = CASE WHEN t.sender = $2 THEN 0 ELSE creator_news END
        FROM \(sql.tasks) t WHERE t.id = d.task_id AND t.seq = ANY($6::bigint[])
      ), leased AS (
        INSERT INTO \(sql.leases) (id, agent, instance, process, expires_at) VALUES ($1, $2, $3, $4, \(SQL.later("$7")))
      )
      INSERT INTO \(sql.leaseItems) (lease, kind, seq)
      SELECT $1::text, 'message', unnest($5::bigint[]) UNION ALL
      SELECT $1, side, seq FROM (\(taskNews("$2"))) AS news WHERE seq = ANY($6::bigint[])
      """,
      [
        .text(lease), .text(instance.agent.name), .text(instance.id), .text(instance.process.encoded), .intArray(rows.messages),
        .intArray(rows.tasks), .double(timing.lease.inSeconds),
      ])
  }

  public func confirm(_ lease: String) async throws(BridgeError) {
    _ = try await perform { [sql, idle] _ in
      try await idle.query(
        """
        WITH ended AS (DELETE FROM \(sql.leases) WHERE id = $1),
          items AS (DELETE FROM \(sql.leaseItems) WHERE lease = $1 RETURNING kind, seq)
        INSERT INTO \(sql.messageDetails) (message_id, read_at)
        SELECT m.id, clock_timestamp() FROM items JOIN \(sql.messages) m USING (seq) WHERE kind = 'message' AND m.id IS NOT NULL
        ON CONFLICT (message_id) DO UPDATE SET read_at = excluded.read_at
        """, [.text(lease)])
    }
  }

  public func undo(_ lease: String) async throws(BridgeError) {
    _ = try await perform { pool in try await self.giveBack([lease], redelivered: false, pool) }
  }

  public func renew(_ leases: [String]) async throws(BridgeError) {
    let duration = timing.lease.inSeconds
    _ = try await perform { [sql] pool in
      try await pool.query(
        "UPDATE \(sql.leases) SET expires_at = \(SQL.later("$2")) WHERE id = ANY($1::text[])", [.textArray(leases), .double(duration)])
    }
  }

  @discardableResult
  public func recoverExpired() async throws(BridgeError) -> Int {
    try await perform { pool in try await self.recover(self.idle.query(self.leases), pool) }
  }

  /// A query for all leases and whether they have expired; all columns are NULL if there are none and another table is joined.
  var leases: String { "SELECT id AS lease, process, expires_at < clock_timestamp() AS expired FROM \(sql.leases)" }

  /// For callers with another purpose: if a row is locked, recovery waits for the next call.
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
      guard let lease: String = try row.get("lease") else { continue }
      if Presence.hasEnded(try row.get("process")) {
        dead.append(lease)
      } else if try row.get("expired", as: Bool.self) {
        expired.append(lease)
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
    _ leases: [String], expired: [String] = [], redelivered: Bool, _ pool: PostgresPool
  ) async throws -> Int {
    try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
      try await self.limitWaiting(transaction)
      let rows = try await transaction.query(
        """
        WITH ended AS (
          DELETE FROM \(sql.leases) WHERE id = ANY($1::text[]) OR (id = ANY($4::text[]) AND expires_at < clock_timestamp()) RETURNING id, agent
        ), items AS (
          DELETE FROM \(sql.leaseItems) i USING ended WHERE i.lease = ended.id RETURNING i.kind, i.seq, ended.agent
        ), unread AS (
          UPDATE \(sql.messages) m SET read = 0 FROM items WHERE m.seq = items.seq AND kind = 'message' RETURNING m.id
        ), marked AS (
          INSERT INTO \(sql.messageDetails) (message_id, redelivered) SELECT id, 1 FROM unread WHERE $2::boolean AND id IS NOT NULL
          ON CONFLICT (message_id) DO UPDATE SET redelivered = 1, read_at = NULL
        ), sides AS (
          SELECT t.id, max((kind = 'assignee')::int) AS assignee, max((kind = 'creator')::int) AS creator
          FROM items JOIN \(sql.tasks) t USING (seq) WHERE kind <> 'message' GROUP BY t.id
        ), news AS (
          UPDATE \(sql.taskDetails) d
          SET assignee_news = greatest(d.assignee_news, sides.assignee), creator_news = greatest(d.creator_news, sides.creator)
          FROM sides WHERE d.task_id = sides.id
        )
        SELECT (SELECT count(*) FROM ended) AS ended, (
          SELECT count(pg_notify(\(sql.schema).channel_of($3, agent), 'tasks'))
          FROM (SELECT DISTINCT agent FROM items WHERE kind <> 'message') AS agents
        ) AS told
        """, [.textArray(leases), .bool(redelivered), .text(schema.name), .textArray(expired)])
      return try rows.first?.get("ended") ?? 0
    }
  }
}
