import Bridge
import GRDB

extension SQLiteStore {
  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> TaskPage {
    let (page, unseen) = try await read { try Self.page(query, $0) }
    guard let instance = query.instance, !unseen.isEmpty else { return page }
    return try await shown(to: instance, batch: \.lease) { try Self.page(query, $0) }
  }

  public func task(_ id: String, for agent: Identity, instance: Instance?) async throws(BridgeError) -> TaskReport {
    let (report, unseen) = try await read { try Self.report(id, for: agent, $0) }
    guard let instance, !unseen.isEmpty else { return report }
    return try await shown(to: instance, batch: \.lease) { try Self.report(id, for: agent, $0) }
  }

  /// Marks as seen, under a lease, what a reply tells. It looks again within the transaction that marks: what changes in between would
  /// count as seen without having been told.
  private func shown<Reply: Sendable>(
    to instance: Instance, batch: WritableKeyPath<Reply, String?> & Sendable,
    _ look: @Sendable @escaping (Database) throws -> (Reply, [Delivered.TaskReference])
  ) async throws(BridgeError) -> Reply {
    let lease = SQL.offset(timing.lease)
    return try await write(.never, outliving: .processes) { db in
      var (reply, unseen) = try look(db)
      guard !unseen.isEmpty else { return reply }
      var delivered = Delivered()
      delivered.tasks = unseen
      for news in unseen { try news.setUnseen(false, db) }
      reply[keyPath: batch] = try Self.lease(delivered, to: instance, for: lease, db)
      return reply
    }
  }

  private static func page(_ query: TaskQuery, _ db: Database) throws -> (TaskPage, [Delivered.TaskReference]) {
    let side = query.role == .assignee ? "recipient" : "sender"
    let condition = "t.\(side) = ?" + (query.status == nil ? "" : " AND t.status = ?")
    let arguments = StatementArguments([query.agent.name] + (query.status.map { [$0.rawValue] } ?? []))
    var budget = ReplyBudget(characters: query.characters)
    var page = TaskPage(tasks: [])
    var unseen = [Delivered.TaskReference]()
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE \(condition) ORDER BY t.rowid LIMIT ?"),
      arguments: arguments + [query.limit])
    while let row = try rows.next() {
      let task = BridgeTask(row)
      guard budget.admits(task.replyCost) else { break }
      page.tasks.append(task)
      unseen += TaskNews.unseen(row, by: query.agent)
    }
    let count = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT COUNT(*) FROM tasks t WHERE \(condition)"), arguments: arguments)
    page.remaining = (count ?? 0) - page.tasks.count
    return (page, unseen)
  }

  private static func report(_ id: String, for agent: Identity, _ db: Database) throws -> (TaskReport, [Delivered.TaskReference]) {
    guard let stored = try storedID(of: id, db),
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id = ?"), arguments: [stored])
    else { throw BridgeError.noSuchTask(id, for: agent) }
    let task = BridgeTask(row)
    guard task.sender == agent.name || task.recipient == agent.name else { throw BridgeError.noSuchTask(id, for: agent) }
    let events = try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT at, actor, from_status, to_status, note FROM task_events WHERE task_id = ? ORDER BY seq"),
      arguments: [stored]
    ).map { row in
      TaskEvent(
        at: row.text("at"), actor: row.text("actor"), from: row.text("from_status"), to: row.text("to_status"), note: row.text("note"))
    }
    return (TaskReport(task: task, history: events), TaskNews.unseen(row, by: agent))
  }
}
