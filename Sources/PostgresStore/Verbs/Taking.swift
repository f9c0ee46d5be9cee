import Bridge
import PostgresClient

extension PostgresStore {
  public func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    try await recoverIfPossible()
    guard let owner = request.owner else {
      // One state for all of it: what is committed in the middle must not be counted without being shown.
      return try await perform { pool in
        guard try await self.hasNews(request) else { return Delivery() }
        return try await pool.withTransaction(TransactionOptions(isolation: .repeatableRead, readOnly: true)) { transaction in
          try await self.look(request, transaction, lock: false).delivery
        }
      }
    }
    return try await performTaking { pool, batch in
      // A transaction only where there is something: hints come for other reasons as well.
      guard try await self.hasNews(request) else { return Delivery() }
      return try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        var (delivery, delivered) = try await self.look(request, transaction, lock: true)
        guard !delivered.isEmpty else { return delivery }
        try await self.lease(delivered, as: batch, to: owner, transaction)
        delivery.batch = batch
        return delivery
      }
    }
  }

  private func hasNews(_ request: TakeRequest) async throws -> Bool {
    let news = request.includesTasks ? "EXISTS (\(taskNews("$1")))" : "false"
    let rows = try await idle.query(
      "SELECT EXISTS (SELECT 1 FROM \(sql.messages) m WHERE \(Self.unread)) OR \(news)",
      [.text(request.agent.name), .optional(request.sender)])
    return try rows.first?.get(0, as: Bool.self) ?? false
  }

  private static let unread = "m.recipient = $1 AND COALESCE(m.read, 0) = 0 AND ($2::text IS NULL OR m.sender = $2)"

  /// Tasks that are new for an agent, or changed and created by it.
  private func taskNews(_ agent: String) -> String {
    """
    SELECT t.id, t.seq FROM \(sql.taskDetails) d JOIN \(sql.tasks) t ON t.id = d.task_id
      WHERE d.assignee_unseen = 1 AND t.recipient = \(agent)
    UNION
    SELECT t.id, t.seq FROM \(sql.taskDetails) d JOIN \(sql.tasks) t ON t.id = d.task_id
      WHERE d.creator_unseen = 1 AND t.sender = \(agent)
    """
  }

  /// What fits, and where it stands.
  private func look(
    _ request: TakeRequest, _ executor: some PostgresExecutor, lock: Bool
  ) async throws -> (delivery: Delivery, delivered: Delivered) {
    var budget = ReplyBudget(characters: request.characters)
    var delivery = Delivery()
    var delivered = Delivered()
    // Rows that another process is just taking are passed over: without that two readers would get the same ones.
    let rows = try await executor.query(
      """
      WITH picked AS (
        SELECT m.seq FROM \(sql.messages) m WHERE \(Self.unread) ORDER BY m.seq LIMIT $3 \(lock ? "FOR UPDATE SKIP LOCKED" : "")
      )
      SELECT \(SQL.messageColumns) FROM picked JOIN \(sql.messages) m ON m.seq = picked.seq
      LEFT JOIN \(sql.messageDetails) d ON d.message_id = m.id ORDER BY m.seq
      """,
      [.text(request.agent.name), .optional(request.sender), .int(Int64(request.limit))])
    for row in rows {
      let message = try Message(row)
      guard budget.admits(message.replyCost) else { break }
      delivery.messages.append(message)
      delivered.messages.append(try row.get("seq"))
    }
    if request.includesTasks {
      // The flags are what is taken, so their rows are locked first, by a statement of its own: what is read afterwards is what they stand
      // for, and a later change of the task waits and is told next time.
      let ids = try await executor.query(
        """
        SELECT d.task_id FROM \(sql.taskDetails) d JOIN \(sql.tasks) t ON t.id = d.task_id
        WHERE (d.assignee_unseen = 1 AND t.recipient = $1) OR (d.creator_unseen = 1 AND t.sender = $1)
        ORDER BY t.seq LIMIT $2 \(lock ? "FOR UPDATE OF d SKIP LOCKED" : "")
        """,
        [.text(request.agent.name), .int(Int64(request.limit))]
      ).map { try $0.get(0, as: String.self) }
      let rows = try await executor.query(
        "SELECT \(SQL.taskColumns) FROM \(sql.tasksWithDetails) WHERE t.id = ANY($1::text[]) ORDER BY t.seq", [.textArray(ids)])
      for row in rows {
        let task = try BridgeTask(row)
        guard budget.admits(task.replyCost) else { break }
        try delivered.addUnseen(row, by: request.agent)
        delivery.tasks.append(task)
      }
    }
    let count = try await executor.query(
      "SELECT count(*) FROM \(sql.messages) m WHERE \(Self.unread)", [.text(request.agent.name), .optional(request.sender)])
    delivery.remaining = max(0, (try count.first?.get(0, as: Int.self) ?? 0) - delivery.messages.count)
    return (delivery, delivered)
  }

  public func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts {
    try await perform { [sql, idle] _ in
      let row = try await idle.query(
        """
        SELECT (SELECT count(*) FROM \(sql.messages) WHERE recipient = $1 AND COALESCE(read, 0) = 0) AS messages,
          (SELECT count(*) FROM (\(self.taskNews("$1"))) news) AS tasks
        """, [.text(agent.name)]
      ).first
      return UnreadCounts(messages: try row?.get("messages") ?? 0, tasks: try row?.get("tasks") ?? 0)
    }
  }
}
