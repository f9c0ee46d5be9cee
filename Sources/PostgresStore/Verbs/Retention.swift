import Bridge
import PostgresClient

extension PostgresStore {
  /// Rows that one transaction looks at.
  private static let portion = 1_000

  public func time(before age: Duration) async throws(BridgeError) -> String {
    try await requireAll()
    return try await perform(limited: false) { pool in
      try await pool.query(
        "SELECT \(SQL.rfc3339("greatest(clock_timestamp() - $1::float8 * interval '1 second', '0001-01-01 00:00:00+00'::timestamptz)"))",
        [.double(age.inSeconds)]
      ).first?.get(0, as: String.self) ?? ""
    }
  }

  public func prune(before time: String, after place: PrunePlace?, dryRun: Bool) async throws(BridgeError) -> PruneStep {
    try await requireAll()
    return try await perform(limited: false) { pool in
      try await pool.withTransaction(TransactionOptions(isolation: .readCommitted, readOnly: dryRun)) { transaction in
        switch place ?? .messages(after: .min) {
        case .messages(let row): try await self.pruneMessages(after: row, before: time, dryRun, transaction)
        case .tasks(let row): try await self.pruneTasks(after: row, before: time, dryRun, transaction)
        }
      }
    }
  }

  /// A time; NULL if it is none. Postgres alone accepts words such as `epoch`.
  private func age(_ column: String) -> String { "CASE WHEN \(column) ~ '^\\d{4}-\\d\\d-\\d\\d' THEN \(sql.schema).time_of(\(column)) END" }

  private func pruneMessages(
    after row: Int64, before time: String, _ dryRun: Bool, _ transaction: PostgresTransaction
  ) async throws -> PruneStep {
    guard let end = try await lastRow(of: sql.messages, after: row, transaction) else { return PruneStep(next: .tasks(after: .min)) }
    let condition = """
      m.seq > $1 AND m.seq <= $2 AND COALESCE(m.read, 0) <> 0 AND COALESCE(\(age("m.created_at")), d.read_at) < $3::text::timestamptz
        AND NOT EXISTS (SELECT 1 FROM \(sql.leaseItems) i WHERE i.kind = 'message' AND i.seq = m.seq)
        AND NOT EXISTS (SELECT 1 FROM \(sql.tasks) t
          WHERE lower(t.id) = lower(d.task_id) AND COALESCE(t.status, '') NOT IN ('completed', 'failed'))
      """
    let old = "SELECT m.seq FROM \(sql.messages) m LEFT JOIN \(sql.messageDetails) d ON d.message_id = m.id WHERE \(condition)"
    let statement =
      dryRun
      ? "SELECT count(*) FROM (\(old)) AS old"
      : """
      WITH old AS (\(old) FOR UPDATE OF m SKIP LOCKED), gone AS (
        DELETE FROM \(sql.messages) WHERE seq IN (SELECT seq FROM old) RETURNING id
      ), details AS (
        DELETE FROM \(sql.messageDetails) WHERE message_id IN (SELECT id FROM gone)
      )
      SELECT count(*) FROM gone
      """
    let count = try await transaction.query(statement, [.int(row), .int(end), .text(time)]).first?.get(0, as: Int.self)
    return PruneStep(messages: count ?? 0, next: .messages(after: end))
  }

  private func pruneTasks(after row: Int64, before time: String, _ dryRun: Bool, _ transaction: PostgresTransaction) async throws
    -> PruneStep
  {
    guard let end = try await lastRow(of: sql.tasks, after: row, transaction) else { return PruneStep(next: nil) }
    let condition = """
      t.seq > $1 AND t.seq <= $2 AND t.status IN ('completed', 'failed')
        AND COALESCE(\(age("t.updated_at")), \(age("t.created_at"))) < $3::text::timestamptz
        AND NOT EXISTS (
          SELECT 1 FROM \(sql.agents) a WHERE COALESCE(a.last_seen, a.added_at) >= $3::text::timestamptz
            AND (d.assignee_news <> 0 AND a.name = t.recipient OR d.creator_news <> 0 AND a.name = t.sender)
            AND a.name IN (t.recipient, t.sender))
        AND NOT EXISTS (SELECT 1 FROM \(sql.leaseItems) i WHERE i.kind <> 'message' AND i.seq = t.seq)
      """
    let old = "SELECT t.seq FROM \(sql.tasks) t LEFT JOIN \(sql.taskDetails) d ON d.task_id = t.id WHERE \(condition)"
    let statement =
      dryRun
      ? "SELECT count(*) FROM (\(old)) AS old"
      : """
      WITH old AS (\(old) FOR UPDATE OF t SKIP LOCKED), gone AS (
        DELETE FROM \(sql.tasks) WHERE seq IN (SELECT seq FROM old) RETURNING id
      ), events AS (
        DELETE FROM \(sql.taskEvents) WHERE task_id IN (SELECT id FROM gone)
      ), details AS (
        DELETE FROM \(sql.taskDetails) WHERE task_id IN (SELECT id FROM gone)
      )
      SELECT count(*) FROM gone
      """
    let count = try await transaction.query(statement, [.int(row), .int(end), .text(time)]).first?.get(0, as: Int.self)
    return PruneStep(tasks: count ?? 0, next: .tasks(after: end))
  }

  private func lastRow(of table: String, after row: Int64, _ transaction: PostgresTransaction) async throws -> Int64? {
    try await transaction.query(
      "SELECT max(seq) FROM (SELECT seq FROM \(table) WHERE seq > $1 ORDER BY seq LIMIT $2) AS following", [.int(row), .int(Self.portion)]
    ).first?.get(0, as: Int64?.self) ?? nil
  }

  /// Plain VACUUM, which blocks nobody: it returns free space at the end of the tables; other free space is reused.
  public func giveBackSpace() async throws(BridgeError) -> ReturnedSpace {
    let tables = [sql.messages, sql.messageDetails, sql.tasks, sql.taskDetails, sql.taskEvents]
    return try await perform(limited: false) { pool in
      @Sendable func size() async throws -> Int64 {
        try await pool.query(
          "SELECT sum(pg_total_relation_size(name::regclass))::bigint FROM unnest($1::text[]) AS name", [.textArray(tables)]
        )
        .first?.get(0, as: Int64.self) ?? 0
      }
      let before = try await size()
      for table in tables { try await pool.withConnection { try await $0.query("VACUUM \(table)", timeout: .seconds(3600)) } }
      return ReturnedSpace(returned: max(0, before - (try await size())), reusable: nil)
    }
  }
}
