import Bridge
import PostgresClient

extension PostgresStore {
  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> TaskPage {
    try await shown(to: query.instance) { executor in
      try await self.page(query, executor)
    } naming: {
      $0.lease = $1
    }
  }

  public func task(_ id: String, for agent: Identity, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await shown(to: instance) { executor in
      try await self.report(id, for: agent, executor)
    } naming: {
      $0.lease = $1
    }
  }

  /// Reads; clears the news that the reply tells, under a lease. Both in one state of the database: if a task changes in between, both are
  /// repeated, so that no change counts as seen without having been told.
  private func shown<Reply: Sendable>(
    to instance: Instance?, _ read: @Sendable @escaping (any PostgresExecutor) async throws -> (Reply, ToldRows),
    naming name: @Sendable @escaping (inout Reply, String) -> Void
  ) async throws(BridgeError) -> Reply {
    guard let instance else {
      return try await perform { pool in
        try await pool.withTransaction(TransactionOptions(isolation: .repeatableRead, readOnly: true)) { try await read($0).0 }
      }
    }
    return try await performTaking { pool, lease in
      try await pool.withTransaction(TransactionOptions(isolation: .repeatableRead)) { transaction in
        var (reply, told) = try await read(transaction)
        guard !told.isEmpty else { return reply }
        try await self.lease(told, as: lease, to: instance, transaction)
        name(&reply, lease)
        return reply
      }
    }
  }

  private func report(_ id: String, for agent: Identity, _ executor: any PostgresExecutor) async throws -> (TaskReport, ToldRows) {
    guard let row = try await row(ofTask: id, executor) else { throw BridgeError.noSuchTask(id, for: agent) }
    let task = try BridgeTask(row)
    guard task.sender == agent.name || task.recipient == agent.name else { throw BridgeError.noSuchTask(id, for: agent) }
    let events = try await executor.query(
      "SELECT \(TaskEvent.selected(from: "e")) FROM \(sql.taskEvents) e WHERE task_id = $1 ORDER BY seq", [.text(task.id ?? id)]
    ).map { try TaskEvent(fieldsOf: $0) }
    return (TaskReport(task: task, history: events), ToldRows(tasks: try row.isNews(for: agent) ? [row.get("seq")] : []))
  }

  private func page(_ query: TaskQuery, _ executor: any PostgresExecutor) async throws -> (TaskPage, ToldRows) {
    let side = query.role == .assignee ? "recipient" : "sender"
    let condition = "t.\(side) = $1" + (query.status == nil ? "" : " AND t.status = $2")
    let parameters: [PostgresParameter] = [.text(query.agent.name)] + (query.status.map { [.text($0.rawValue)] } ?? [])
    var budget = ReplyBudget(characters: query.characters)
    var page = TaskPage(tasks: [])
    var told = ToldRows()
    let rows = try await executor.query(
      "SELECT \(SQL.taskColumns) FROM \(sql.tasksWithDetails) WHERE \(condition) ORDER BY t.seq LIMIT \(query.limit)", parameters)
    for row in rows {
      let task = try BridgeTask(row)
      guard budget.admits(task.replyCost) else { break }
      page.tasks.append(task)
      if try row.isNews(for: query.agent) { told.tasks.append(try row.get("seq")) }
    }
    let count = try await executor.query("SELECT count(*) FROM \(sql.tasks) t WHERE \(condition)", parameters)
    page.remaining = max(0, (try count.first?.get(0, as: Int.self) ?? 0) - page.tasks.count)
    return (page, told)
  }
}
