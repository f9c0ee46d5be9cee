import Bridge
import GRDB

extension SQLiteStore {
  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> TaskPage {
    try await marking(query.instance, \.lease) { try Self.page(query, $0) }
  }

  public func task(_ id: String, for agent: Identity, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await marking(instance, \.lease) { try Self.report(id, for: agent, $0) }
  }

  /// Reads; clears the news that the reply tells, under a lease. Reads again inside the transaction that clears: a change in between would
  /// count as seen without having been told.
  private func marking<Reply: Sendable>(
    _ instance: Instance?, _ lease: WritableKeyPath<Reply, String?> & Sendable,
    _ look: @Sendable @escaping (Database) throws -> (reply: Reply, news: [Int64])
  ) async throws(BridgeError) -> Reply {
    let looked = try await read(look)
    guard let instance, !looked.news.isEmpty else { return looked.reply }
    let duration = SQL.offset(timing.lease)
    return try await write(.never, outliving: .processes) { db in
      var (reply, news) = try look(db)
      guard !news.isEmpty else { return reply }
      reply[keyPath: lease] = try Self.lease(ToldRows(tasks: news), to: instance, for: duration, db)
      return reply
    }
  }

  private static func page(_ query: TaskQuery, _ db: Database) throws -> (TaskPage, [Int64]) {
    let side = query.role == .assignee ? "recipient" : "sender"
    let condition = "t.\(side) = ?" + (query.status == nil ? "" : " AND t.status = ?")
    let arguments = StatementArguments([query.agent.name] + (query.status.map { [$0.rawValue] } ?? []))
    var budget = ReplyBudget(characters: query.characters)
    var page = TaskPage(tasks: [])
    var news = [Int64]()
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE \(condition) ORDER BY t.rowid LIMIT ?"),
      arguments: arguments + [query.limit])
    while let row = try rows.next() {
      let task = BridgeTask(row)
      guard budget.admits(task.replyCost) else { break }
      page.tasks.append(task)
      if TaskNews.isNews(row, for: query.agent) { news.append(row["row"]) }
    }
    let count = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT COUNT(*) FROM tasks t WHERE \(condition)"), arguments: arguments)
    page.remaining = (count ?? 0) - page.tasks.count
    return (page, news)
  }

  private static func report(_ id: String, for agent: Identity, _ db: Database) throws -> (TaskReport, [Int64]) {
    guard let stored = try storedID(of: id, db),
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id = ?"), arguments: [stored])
    else { throw BridgeError.noSuchTask(id, for: agent) }
    let task = BridgeTask(row)
    guard task.sender == agent.name || task.recipient == agent.name else { throw BridgeError.noSuchTask(id, for: agent) }
    let events = try Row.fetchAll(
      db.cachedStatement(sql: "SELECT \(TaskEvent.selected(from: "e")) FROM task_events e WHERE task_id = ? ORDER BY seq"),
      arguments: [stored]
    ).map(TaskEvent.init(fieldsOf:))
    return (TaskReport(task: task, history: events), TaskNews.isNews(row, for: agent) ? [row["row"]] : [])
  }
}
