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
      return try write(open, durable: false) { db in
        var (delivery, messages, tasks) = try Self.look(request, db)
        guard !delivery.isEmpty else { return delivery }
        delivery.lease = try Self.lease(messages: messages, tasks: tasks, to: instance, for: lease, db)
        return delivery
      }
    }
  }

  /// The unread messages of `?1`, from `?2` only unless it is NULL.
  private static let unread = "m.recipient = ?1 AND COALESCE(m.read, 0) = 0 AND (?2 IS NULL OR m.sender = ?2)"

  private static func hasNews(_ request: TakeRequest, _ db: Database) throws -> Bool {
    if try db.exists("messages m WHERE \(unread)", [request.agent.name, request.sender]) { return true }
    return try request.includesTasks && TaskNews.exist(for: request.agent, db)
  }

  /// What fits into a reply.
  private static func look(_ request: TakeRequest, _ db: Database) throws -> (delivery: Delivery, messages: [Int64], tasks: [Int64]) {
    var budget = ReplyBudget(characters: request.characters)
    var delivery = Delivery()
    var (messages, tasks): ([Int64], [Int64]) = ([], [])
    let arguments: StatementArguments = [request.agent.name, request.sender]
    let rows = try db.rows(
      "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE \(unread) ORDER BY m.rowid LIMIT ?3", arguments + [request.limit])
    while let row = try rows.next() {
      let message = Message(fieldsOf: row)
      let excerpted = message.excerpted
      guard budget.admits(excerpted.replyCost) else { break }
      delivery.messages.append(request.isWhole ? message : excerpted)
      messages.append(row["row"])
    }
    if request.includesTasks {
      let rows = try TaskNews.rows(for: request.agent, limit: request.limit, db)
      while let row = try rows.next() {
        let task = BridgeTask(row).excerpted
        guard budget.admits(task.replyCost) else { break }
        delivery.tasks.append(task)
        tasks.append(row["row"])
      }
    }
    delivery.remaining = try db.count(of: "messages m WHERE \(unread)", arguments) - delivery.messages.count
    return (delivery, messages, tasks)
  }

  public func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts {
    try await visit { open in try glance(open) { try Self.unread(for: agent, $0) } }
  }

  static func unread(for agent: Identity, _ db: Database) throws -> UnreadCounts {
    let messages = "(SELECT COUNT(*) FROM messages m WHERE m.recipient = ?1 AND COALESCE(m.read, 0) = 0)"
    let row = try db.row("SELECT \(messages) AS messages, \(TaskNews.count) AS tasks", [agent.name])
    return UnreadCounts(messages: row?["messages"] ?? 0, tasks: row?["tasks"] ?? 0)
  }
}
