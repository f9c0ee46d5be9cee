import Bridge
import PostgresClient

extension PostgresStore {
  public func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    try await perform { [sql] pool in
      if let receipt = try await self.earlier(task, pool) { return receipt }
      do {
        try await pool.withTransaction { transaction in
          // The trigger makes the details and the first event.
          let inserted = try await transaction.query(
            """
            INSERT INTO \(sql.tasks) (id, sender, recipient, title, description, status, created_at, updated_at, result)
            SELECT $1::text, $2::text, $3::text, $4::text, $5::text, 'pending', now, now, NULL FROM (SELECT \(SQL.now) AS now) times
            WHERE $3 = ANY($6::text[]) OR EXISTS (SELECT 1 FROM \(sql.agents) WHERE name = $3)
            RETURNING id
            """,
            [
              .text(task.id), .text(task.sender.name), .text(task.recipient.name), .text(task.title), .text(task.description),
              .textArray(Identity.wellKnown.map(\.name)),
            ])
          guard inserted.first != nil else {
            throw BridgeError.unknownRecipient(task.recipient, known: try await self.knownNames(transaction))
          }
          try await transaction.query(
            "UPDATE \(sql.taskDetails) SET sender = $1, idempotency_key = $2 WHERE task_id = $3",
            [.text(task.sender.name), .optional(task.idempotencyKey), .text(task.id)])
          try await self.signLastEvent(of: task.id, actor: task.sender, instance: nil, note: nil, transaction)
        }
      } catch let error as PostgresError where error.sqlState == .uniqueViolation {
        // Another process has just used the key, or this is a repetition whose first attempt got through.
      }
      guard let receipt = try await self.earlier(task, pool) else {
        throw BridgeError(.storeFailed, "The task \(task.id) was removed while it was being created: call again.")
      }
      return receipt
    }
  }

  /// The task that was written before under the same id or key.
  private func earlier(_ task: NewTask, _ pool: PostgresPool) async throws -> TaskReceipt? {
    let rows = try await pool.query(
      """
      SELECT t.id, t.recipient, t.title, t.description, t.status, t.created_at,
        (\(sql.runningProcesses(of: "$4", within: "$5"))) AS processes
      FROM \(sql.tasks) t WHERE t.id = $1
        OR t.id = (SELECT task_id FROM \(sql.taskDetails) WHERE sender = $2 AND idempotency_key = $3::text)
      ORDER BY t.id = $1 DESC LIMIT 1
      """,
      [
        .text(task.id), .text(task.sender.name), .optional(task.idempotencyKey), .text(task.recipient.name),
        .double(timing.presence.inSeconds),
      ])
    guard let row = rows.first else { return nil }
    let earlier = BridgeTask(
      id: try row.get("id"), sender: nil, recipient: try row.get("recipient"), title: try row.get("title"),
      description: try row.get("description"), status: try row.get("status"), createdAt: try row.get("created_at"))
    return try EarlierRecord.receipt(
      for: task, from: earlier, recipientOnline: Presence.isOnline(row.get("processes", as: [String].self)))
  }

  /// Records who made the change that a trigger has just recorded.
  func signLastEvent(
    of task: String, actor: Identity, instance: String?, note: String?, _ transaction: some PostgresExecutor
  ) async throws {
    try await transaction.query(
      """
      UPDATE \(sql.taskEvents) SET actor = $1, instance = $2, note = $3
      WHERE seq = (SELECT MAX(seq) FROM \(sql.taskEvents) WHERE task_id = $4)
      """, [.text(actor.name), .optional(instance), .optional(note), .text(task)])
  }
}
