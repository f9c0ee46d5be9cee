import Bridge
import GRDB

extension SQLiteStore {
  public func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    let (lease, timing) = (SQL.offset(timing.lease), timing)
    func viewer(_ db: Database) throws -> ViewerParameter {
      try ViewerParameter(request.viewer, lease: request.reply?.lease, timing, db)
    }
    return try await visit { open in
      guard let instance = request.instance else {
        if try glance(open, Self.hasExpired) { try recoverExpired(open) }
        return try glance(open) { try Self.look(request, viewer($0), $0).delivery }
      }
      // A write transaction only if there is news: hints come for other agents' messages as well.
      var (hasExpired, news) = try glance(open) { (try Self.hasExpired($0), try Self.news(request, viewer, $0)) }
      if hasExpired {
        try recoverExpired(open)
        news = try glance(open) { try Self.news(request, viewer, $0) }
      }
      let viewer: ViewerParameter
      switch news {
      case .nothing(let delivery): return delivery
      case .waits(let found): viewer = found
      }
      return try write(open, durable: false) { db in
        var (delivery, messages, tasks) = try Self.look(request, viewer, db)
        guard !messages.isEmpty || !tasks.isEmpty else { return delivery }
        delivery.lease = try Self.lease(messages: messages, tasks: tasks, to: instance, viewer, for: lease, db)
        return delivery
      }
    }
  }

  /// Whether there is something to take.
  private enum News {
    case waits(for: ViewerParameter)
    case nothing(Delivery)
  }

  private static func news(_ request: TakeRequest, _ viewer: (Database) throws -> ViewerParameter, _ db: Database) throws -> News {
    if let reply = request.reply {
      return try Self.reply(reply, to: request.agent, db) == nil ? .nothing(Delivery()) : .waits(for: viewer(db))
    }
    guard try hasAnything(for: request.agent, db) else { return .nothing(Delivery()) }
    let viewer = try viewer(db)
    let held = try HeldMessages(viewer, of: request.agent, from: request.sender, db)
    if try db.exists("messages m WHERE \(isWanted)", [request.agent.name, request.sender, held.list]) { return .waits(for: viewer) }
    if try request.includesTasks && TaskNews.exist(for: request.agent, viewer, db) { return .waits(for: viewer) }
    return .nothing(try look(request, viewer, db).delivery)
  }

  /// Whether an agent has unread messages or news of tasks, whoever is to get them.
  private static func hasAnything(for agent: Identity, _ db: Database) throws -> Bool {
    try db.value("SELECT EXISTS (SELECT 1 FROM messages m WHERE \(isUnread)) OR \(TaskNews.any)", [agent.name]) ?? false
  }

  /// Whether a message is unread, and for `?1`.
  private static let isUnread = "m.recipient = ?1 AND COALESCE(m.read, 0) = 0"

  /// The same for those from `?2` only unless it is NULL, without the rows of the list `?3`.
  private static let isWanted =
    "\(isUnread) AND (?2 IS NULL OR m.sender = ?2) AND (?3 = '[]' OR m.rowid NOT IN (SELECT value FROM json_each(?3)))"

  private static let wanted = "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE \(isWanted) ORDER BY m.rowid LIMIT ?4"

  /// What fits into a reply.
  private static func look(
    _ request: TakeRequest, _ viewer: ViewerParameter, _ db: Database
  ) throws -> (delivery: Delivery, messages: [Int64], tasks: [Int64]) {
    if let reply = request.reply {
      guard let row = try Self.reply(reply, to: request.agent, db) else { return (Delivery(), [], []) }
      let message = Message(fieldsOf: row)
      return (Delivery(messages: [message.excerpted]), message.isRead ? [] : [row["row"]], [])
    }
    let held = try HeldMessages(viewer, of: request.agent, from: request.sender, db)
    var budget = ReplyBudget(characters: request.characters)
    var delivery = Delivery(held)
    var (messages, tasks): ([Int64], [Int64]) = ([], [])
    let arguments: StatementArguments = [request.agent.name, request.sender, held.list]
    let rows = try db.rows(wanted, arguments + [request.limit])
    while let row = try rows.next() {
      let number: Int64 = row["row"]
      if held.alone.contains(number), !messages.isEmpty { break }
      let message = Message(fieldsOf: row)
      let excerpted = message.excerpted
      guard budget.admits(excerpted.replyCost) else { break }
      delivery.messages.append(request.isWhole ? message : excerpted)
      messages.append(number)
      if held.alone.contains(number) { break }
    }
    let isAlone = messages.first.map(held.alone.contains) == true
    let hasTaskNews = try request.includesTasks && db.value("SELECT \(TaskNews.any)", [request.agent.name]) ?? false
    if hasTaskNews, !isAlone {
      let rows = try TaskNews.rows(for: request.agent, viewer, limit: request.limit, db)
      while let row = try rows.next() {
        let task = BridgeTask(row).excerpted
        guard budget.admits(task.replyCost) else { break }
        delivery.tasks.append(task)
        tasks.append(row["row"])
      }
    }
    if hasTaskNews, tasks.isEmpty {
      delivery.newsElsewhere = try db.value("SELECT \(TaskNews.countElsewhere)", [request.agent.name, viewer.text]) ?? 0
    }
    let shown = delivery.messages.count
    delivery.remaining = try db.count(of: "messages m WHERE \(isWanted)", arguments, upTo: Limits.countLimit + shown) - shown
    return (delivery, messages, tasks)
  }

  private static func reply(_ reply: AwaitedReply, to agent: Identity, _ db: Database) throws -> Row? {
    try db.row(
      """
      SELECT \(SQL.messageColumns) FROM message_details d CROSS JOIN messages m ON m.id = d.message_id
      WHERE d.reply_to = ? AND m.recipient = ? AND (COALESCE(m.read, 0) = 0 OR ?) ORDER BY m.rowid LIMIT 1
      """, [reply.message, agent.name, reply.includesRead])
  }

  public func unreadCounts(for viewer: Viewer) async throws(BridgeError) -> UnreadCounts {
    try await glance { [timing] db in try Self.unread(for: viewer, timing, db) }
  }

  static func unread(for viewer: Viewer, _ timing: StoreTiming, _ db: Database) throws -> UnreadCounts {
    guard try hasAnything(for: viewer.agent, db) else { return UnreadCounts() }
    let parameter = try ViewerParameter(viewer, timing, db)
    let held = try HeldMessages(parameter, of: viewer.agent, db)
    let messages = try db.count(of: "messages m WHERE \(isUnread)", [viewer.agent.name], upTo: Limits.countLimit + held.hidden.count)
    let newsElsewhere: Int = try db.value("SELECT \(TaskNews.countElsewhere)", [viewer.agent.name, parameter.text]) ?? 0
    let tasks: Int = try db.value("SELECT \(TaskNews.count)", [viewer.agent.name, Limits.countLimit + newsElsewhere]) ?? 0
    return UnreadCounts(
      messages: messages - held.hidden.count, tasks: min(tasks - newsElsewhere, Limits.countLimit),
      elsewhere: newsElsewhere + held.elsewhere)
  }
}

extension Delivery {
  /// Nothing but what is held.
  fileprivate init(_ held: HeldMessages) {
    self.init()
    (elsewhere, setAside) = (held.elsewhere, held.setAside)
  }
}
