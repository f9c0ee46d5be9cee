import Bridge
import GRDB

extension SQLiteStore {
  public func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    let lease = SQL.offset(timing.lease)
    return try await visit { open in
      guard let instance = request.instance else {
        if try read(open, Self.hasExpired) { try recoverExpired(open) }
        return try read(open) { try Self.look(request, $0).delivery }
      }
      // A write transaction only if there is news: hints come for other agents' messages as well.
      var (hasExpired, hasNews) = try glance(open) { (try Self.hasExpired($0), try Self.hasNews(request, $0)) }
      if hasExpired {
        try recoverExpired(open)
        hasNews = try glance(open) { try Self.hasNews(request, $0) }
      }
      guard hasNews else { return Delivery() }
      return try write(open, .never, outliving: .processes) { db in
        var (delivery, told) = try Self.look(request, db)
        guard !delivery.isEmpty else { return delivery }
        delivery.lease = try Self.lease(told, to: instance, for: lease, db)
        return delivery
      }
    }
  }

  private static let unread = "m.recipient = ? AND COALESCE(m.read, 0) = 0 AND (? IS NULL OR m.sender = ?)"

  private static func hasNews(_ request: TakeRequest, _ db: Database) throws -> Bool {
    let messages = try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM messages m WHERE \(unread))"),
      arguments: [request.agent.name, request.sender, request.sender])
    if messages == true { return true }
    return request.includesTasks ? try !TaskNews.rows(for: request.agent, limit: 1, db).isEmpty : false
  }

  /// What fits into a reply.
  private static func look(_ request: TakeRequest, _ db: Database) throws -> (delivery: Delivery, told: ToldRows) {
    var budget = ReplyBudget(characters: request.characters)
    var delivery = Delivery()
    var told = ToldRows()
    let arguments: StatementArguments = [request.agent.name, request.sender, request.sender]
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE \(unread) ORDER BY m.rowid LIMIT ?"),
      arguments: arguments + [request.limit])
    while let row = try rows.next() {
      let message = Message(row)
      guard budget.admits(message.replyCost) else { break }
      delivery.messages.append(message)
      told.messages.append(row["row"])
    }
    if request.includesTasks {
      for row in try TaskNews.rows(for: request.agent, limit: request.limit, db) {
        guard let task = try TaskNews.task(row: row, db), budget.admits(task.replyCost) else { break }
        delivery.tasks.append(task)
        told.tasks.append(row)
      }
    }
    let count = try Int.fetchOne(db.cachedStatement(sql: "SELECT COUNT(*) FROM messages m WHERE \(unread)"), arguments: arguments)
    delivery.remaining = (count ?? 0) - delivery.messages.count
    return (delivery, told)
  }

  public func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts {
    try await visit { open in try glance(open) { try Self.unreadCounts(for: agent, $0) } }
  }

  private static func unreadCounts(for agent: Identity, _ db: Database) throws -> UnreadCounts {
    let messages = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT COUNT(*) FROM messages m WHERE m.recipient = ? AND COALESCE(m.read, 0) = 0"),
      arguments: [agent.name])
    return UnreadCounts(messages: messages ?? 0, tasks: try TaskNews.count(for: agent, db))
  }
}
