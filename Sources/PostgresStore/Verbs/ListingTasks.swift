import Bridge
import PostgresClient

extension PostgresStore {
  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> TaskPage {
    try await perform { pool in
      var (page, unseen) = try await self.page(query, pool)
      page.batch = try await self.markShown(unseen, to: query.reader, pool)
      return page
    }
  }

  public func task(_ id: String, for agent: Identity, reader: Instance?) async throws(BridgeError) -> TaskReport {
    try await perform { [sql] pool in
      guard let row = try await self.row(ofTask: id, pool, lock: false) else { throw BridgeError.noSuchTask(id, for: agent) }
      let task = try BridgeTask(row)
      guard task.sender == agent.name || task.recipient == agent.name else { throw BridgeError.noSuchTask(id, for: agent) }
      let events = try await pool.query(
        """
        SELECT \(SQL.rfc3339("at")) AS at, actor, from_status, to_status, note FROM \(sql.taskEvents) WHERE task_id = $1 ORDER BY seq
        """, [.text(task.id ?? id)]
      ).map { row in
        TaskEvent(
          at: try row.get("at"), actor: try row.get("actor"), from: try row.get("from_status"), to: try row.get("to_status"),
          note: try row.get("note"))
      }
      var unseen = Delivered()
      _ = try unseen.addUnseen(row, by: agent)
      return TaskReport(batch: try await self.markShown(unseen, to: reader, pool), task: task, history: events)
    }
  }

  /// Marks as seen, under a lease, what a reply tells.
  private func markShown(_ unseen: Delivered, to reader: Instance?, _ pool: PostgresPool) async throws -> String? {
    guard let reader, unseen.hasTasks else { return nil }
    let batch = UniqueID.make()
    try await pool.withTransaction { transaction in try await self.lease(unseen, as: batch, to: reader, transaction) }
    return batch
  }

  private func page(_ query: TaskQuery, _ pool: PostgresPool) async throws -> (TaskPage, Delivered) {
    let side = query.role == .assignee ? "recipient" : "sender"
    let condition = "t.\(side) = $1 AND ($2::text IS NULL OR t.status = $2)"
    let parameters: [PostgresParameter] = [.text(query.agent.name), .optional(query.status?.rawValue)]
    var budget = ReplyBudget(characters: query.characters)
    var page = TaskPage(tasks: [])
    var unseen = Delivered()
    let rows = try await pool.query(
      "SELECT \(SQL.taskColumns) FROM \(sql.tasksWithDetails) WHERE \(condition) ORDER BY t.seq LIMIT $3",
      parameters + [.int(Int64(query.limit))])
    for row in rows {
      let task = try BridgeTask(row)
      guard budget.admits(task.replyCost) else { break }
      page.tasks.append(task)
      _ = try unseen.addUnseen(row, by: query.agent)
    }
    let count = try await pool.query("SELECT count(*) FROM \(sql.tasks) t WHERE \(condition)", parameters)
    page.remaining = max(0, (try count.first?.get(0, as: Int.self) ?? 0) - page.tasks.count)
    return (page, unseen)
  }
}
