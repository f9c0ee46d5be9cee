import Bridge
import GRDB

extension SQLiteStore {
  // MARK: Creating

  public func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    let timing = timing
    var (receipt, processes, _) = try await write(wakes: \.isNew) { db -> (TaskReceipt, [String?], isNew: Bool) in
      let earlier = try Self.earlier(task, db)
      if earlier == nil { try Self.insert(task, db) }
      guard let written = try earlier ?? Self.earlier(task, db) else {
        throw BridgeError(.storeFailed, "The task \(task.id) is not in the database after it was written: call again.")
      }
      var receipt = try EarlierRecord.receipt(for: task, from: written)
      receipt.unread = try Self.unread(for: Viewer(agent: task.sender, idsLike: task.id), timing, db)
      return (receipt, try Self.processes(of: task.recipient.name, within: timing.presence, db), earlier == nil)
    }
    receipt.recipientOnline = Presence.isOnline(processes)
    return receipt
  }

  private static func earlier(_ task: NewTask, _ db: Database) throws -> BridgeTask? {
    if let earlier = try taskRow(task.id, db) { return BridgeTask(earlier) }
    guard let key = task.idempotencyKey else { return nil }
    let id: String? = try db.value("SELECT task_id FROM task_details WHERE sender = ? AND idempotency_key = ?", [task.sender.name, key])
    return try id.flatMap { try taskRow($0, db) }.map(BridgeTask.init)
  }

  private static func insert(_ task: NewTask, _ db: Database) throws {
    try requireExistence(of: task.recipient, db)
    // The trigger adds the details and the first event.
    try db.run(
      """
      INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at, result)
      SELECT ?, ?, ?, ?, ?, 'pending', now, now, NULL FROM (SELECT \(SQL.now) AS now)
      """, [task.id, task.sender.name, task.recipient.name, task.title, task.description])
    // The key may be that of a task that was removed by hand.
    try db.run(
      "UPDATE OR REPLACE task_details SET sender = ?, idempotency_key = ? WHERE task_id = ?",
      [task.sender.name, task.idempotencyKey, task.id])
    try signLastEvent(of: task.id, actor: task.sender, instance: nil, note: nil, db)
  }

  /// Records who made the change that a trigger has just recorded.
  private static func signLastEvent(of task: String, actor: Identity, instance: String?, note: String?, _ db: Database) throws {
    try db.run(
      "UPDATE task_events SET actor = ?, instance = ?, note = ? WHERE seq = (SELECT MAX(seq) FROM task_events WHERE task_id = ?)",
      [actor.name, instance, note, task])
  }

  // MARK: Moving

  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    let claim = SQL.offset(request.instance.claim(timing))
    let (task, decision, _) = try await write(wakes: \.isNews) { db -> (BridgeTask, TaskDecision, isNews: Bool) in
      guard let id = try request.task.storedID(for: request.actor.name, db), let task = try Self.taskRow(id, db).map(BridgeTask.init) else {
        throw BridgeError.noSuchTask(request.taskID, for: request.actor)
      }
      let decision = try TaskStateMachine.decide(task, request)
      try Self.carryOut(decision, id, request, claim: claim, db)
      return (try Self.taskRow(id, db).map(BridgeTask.init) ?? task, decision, !decision.wakes.isEmpty)
    }
    if let refusal = decision.refusal { throw refusal }
    return task
  }

  private static func carryOut(
    _ decision: TaskDecision, _ id: String, _ request: TransitionRequest, claim: String, _ db: Database
  ) throws {
    let (actor, instance) = (request.actor, request.instance)
    if let change = decision.change {
      try db.run(
        "UPDATE tasks SET status = ?, result = COALESCE(?, result), updated_at = \(SQL.now) WHERE id = ?",
        [change.status.rawValue, change.result, id])
    }
    if let event = decision.event {
      if event.movesStatus {
        try signLastEvent(of: id, actor: actor, instance: instance.id, note: event.note, db)
      } else {
        try db.run(
          "INSERT INTO task_events (task_id, at, actor, instance, from_status, to_status, note) VALUES (?, \(SQL.now), ?, ?, ?, ?, ?)",
          [id, actor.name, instance.id, event.from, event.to, event.note])
      }
    }
    switch decision.claim {
    case .keep: break
    case .take:
      try db.run(
        "UPDATE task_details SET holder = ?, holder_session = ?, holder_process = ?, held_until = \(SQL.later) WHERE task_id = ?",
        [instance.id, instance.session?.stamp, instance.claimingProcess.encoded, claim, id])
    case .release:
      try db.run("UPDATE task_details SET holder = NULL, holder_process = NULL, held_until = NULL WHERE task_id = ?", [id])
    }
    for (side, isNews) in decision.news { try db.run("UPDATE task_details SET \(side)_news = ? WHERE task_id = ?", [isNews, id]) }
  }

  // MARK: Listing

  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> Delivery {
    try await marking(query.instance, \.lease) { try Self.page(query, $0, $1) }
  }

  public func task(_ id: String, for agent: Identity?, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await marking(instance, \.lease) { try Self.report(id, for: agent, $0, $1) }
  }

  /// Reads; clears the news that the reply tells, under a lease. Reads again inside the transaction that clears: a change in between would
  /// count as seen without having been told.
  private func marking<Reply: Sendable>(
    _ instance: Instance?, _ lease: WritableKeyPath<Reply, String?> & Sendable,
    _ look: @Sendable @escaping (ViewerParameter?, Database) throws -> (reply: Reply, news: [Int64])
  ) async throws(BridgeError) -> Reply {
    // May be a whole history.
    guard let instance else { return try await read { try look(nil, $0).reply } }
    let timing = timing
    let (viewer, looked) = try await glance { db in
      let viewer = try ViewerParameter(Viewer(instance), timing, db)
      return (viewer, try look(viewer, db))
    }
    guard !looked.news.isEmpty else { return looked.reply }
    let duration = SQL.offset(timing.lease)
    return try await write(durable: false) { db in
      var (reply, news) = try look(viewer, db)
      guard !news.isEmpty else { return reply }
      reply[keyPath: lease] = try Self.lease(tasks: news, to: instance, viewer, for: duration, db)
      return reply
    }
  }

  private static func page(_ query: TaskQuery, _ viewer: ViewerParameter?, _ db: Database) throws -> (Delivery, [Int64]) {
    var budget = ReplyBudget(characters: query.characters)
    var page = Delivery()
    var news = [Int64]()
    var isFull = false
    let limit = Limits.countLimit + query.limit
    for part in query.parts {
      let list = TaskList(part, query)
      if page.remaining < limit { page.remaining += try list.count(upTo: limit, db) }
      let rows = try list.rows(limit: query.limit - page.tasks.count, db)
      while !isFull, let row = try rows.next() {
        let task = BridgeTask(row).excerpted
        isFull = !budget.admits(task.replyCost)
        if isFull { break }
        page.tasks.append(task)
        page.next = TaskCursor(task, row: row["row"])
        if let viewer, let agent = query.agent, try TaskNews.isNews(row, for: agent, viewer, db) { news.append(row["row"]) }
      }
    }
    page.remaining = min(page.remaining - page.tasks.count, Limits.countLimit)
    if page.remaining == 0 { page.next = nil }
    return (page, news)
  }

  private static func report(
    _ id: String, for agent: Identity?, _ viewer: ViewerParameter?, _ db: Database
  ) throws -> (TaskReport, [Int64]) {
    let reference = IDReference(id, field: "task_id", to: .task)
    guard let stored = try reference.storedID(for: agent?.name, db), let row = try taskRow(stored, db) else {
      throw BridgeError.noSuchTask(id, for: agent)
    }
    let task = BridgeTask(row)
    // A reply has no room for more.
    let newest = viewer == nil ? -1 : ReplyBudget.characters / TaskEvent.rowCost
    let events = try db.rows(
      "SELECT \(TaskEvent.selected(from: "e")) FROM task_events e WHERE task_id = ? ORDER BY seq DESC LIMIT ?", [stored, newest])
    let isNews = if let viewer, let agent { try TaskNews.isNews(row, for: agent, viewer, db) } else { false }
    let history = try Array(events.map { TaskEvent(fieldsOf: $0, from: 0) })
    return (TaskReport(task: task, history: history.reversed()), isNews ? [row["row"]] : [])
  }

  private static func taskRow(_ id: String, _ db: Database) throws -> Row? {
    try db.row("SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id = ?", [id])
  }
}
