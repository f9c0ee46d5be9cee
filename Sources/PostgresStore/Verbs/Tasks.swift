import Bridge
import PostgresClient

extension PostgresStore {
  public func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    try await performWriting(to: task.recipient) { [sql, timing] pool, _ in
      let row = try await pool.query(
        sql.call("create_task", arguments: 8),
        [
          .text(task.sender.name), .text(task.recipient.name), .text(task.title), .text(task.description), .optional(task.idempotencyKey),
          .text(task.id), .double(timing.presence.inSeconds),
          self.parameter(Viewer(agent: task.sender, idsLike: task.id)),
        ]
      ).only
      var earlier = BridgeTask(
        id: try row.get("id"), sender: nil, recipient: task.recipient.name, title: task.title, description: task.description,
        status: try row.get("status"), createdAt: try row.get("created_at"))
      if try !row.get("is_new", as: Bool.self) {
        earlier.recipient = try row.get("earlier_recipient")
        earlier.title = try row.get("earlier_title")
        earlier.description = try row.get("earlier_description")
      }
      var receipt = try EarlierRecord.receipt(for: task, from: earlier, recipientOnline: row.isOnline)
      receipt.unread = try row.unread
      return receipt
    }
  }

  /// Decides about the task as it is, and writes the decision if nobody has changed the task meanwhile; else decides again. Nothing is locked
  /// while a process thinks, and two exchanges do, also through a transaction pooler.
  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    let (task, refusal) = try await perform(isCancellable: true) { [sql, timing] pool, attempt in
      while true {
        let state = try await pool.query(
          sql.call("task_state", arguments: 3, "version, \(SQL.task)"),
          [.text(request.actor.name), .text(request.taskID), .text(request.instance.id)]
        ).first
        guard let state else { throw BridgeError.noSuchTask(request.taskID, for: request.actor) }
        let task = try BridgeTask(state, "t_")
        let decision = try TaskStateMachine.decide(task, request)
        let wakes = [(TaskRole.assignee, task.recipient), (.creator, task.sender)].compactMap { decision.wakes.contains($0) ? $1 : nil }
        let written = try await pool.query(
          sql.call("change_task", arguments: 18),
          [
            .text(request.actor.name), .optional(task.id), .text(try state.get("version")), .optional(decision.change?.status.rawValue),
            .optional(decision.change?.result), .text("\(decision.claim)\(decision.displacesHolder ? "_over" : "")"),
            .text(request.instance.id), .optional(request.instance.session?.stamp), .text(request.instance.claimingProcess.encoded),
            .double(request.instance.claim(timing).inSeconds),
            .bool(decision.event != nil), .optional(decision.event?.from), .optional(decision.event?.to), .optional(decision.event?.note),
            decision.news[.assignee].map(PostgresParameter.bool) ?? .null, decision.news[.creator].map(PostgresParameter.bool) ?? .null,
            .textArray(wakes), .bool(attempt > 1),
          ]
        ).first
        if let written { return (try BridgeTask(written), decision.refusal) }
      }
    }
    if let refusal { throw refusal }
    return task
  }

  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> Delivery {
    try await shown(to: query.instance) { [sql] pool, leasing in
      let rows = try await leasing.query(
        pool, sql.call("tasks", arguments: 12, "remaining, is_news, \(SQL.task)"),
        [.optional(query.agent?.name), .text(query.role.rawValue), .optional(query.status?.rawValue)]
          + TaskCursor.Part.allCases.map { part in query.parts.first { $0.part == part }.map { .int($0.row) } ?? .null }
          + [.int(query.limit), .int(query.characters)])
      var page = Delivery(
        lease: try rows.contains { try $0.get("is_news") } ? leasing.lease : nil, tasks: try rows.map { try BridgeTask($0, "t_") },
        remaining: try rows.first?.get("remaining") ?? 0)
      if page.remaining > 0, let row = rows.last { page.next = TaskCursor(try BridgeTask(row, "t_"), row: try row.get("t_seq")) }
      return page
    }
  }

  public func task(_ id: String, for agent: Identity?, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await shown(to: instance) { [sql] pool, leasing in
      let rows = try await leasing.query(
        pool, sql.call("task", arguments: 8, "is_news, at, actor, from_status, to_status, note, \(SQL.task)"),
        [.optional(agent?.name), .text(id), instance == nil ? .null : .int(ReplyBudget.characters)])
      guard let row = rows.first else { throw BridgeError.noSuchTask(id, for: agent) }
      return TaskReport(
        lease: try row.get("is_news") ? leasing.lease : nil, task: try BridgeTask(row, "t_"),
        history: try rows.dropFirst().map { try TaskEvent(fieldsOf: $0) })
    }
  }

  /// What a reading verb needs to lease the news that it tells; all NULL to look only.
  private struct Leasing: Sendable {
    var lease: String?
    var parameters: @Sendable () -> [PostgresParameter] = { [.null, .null, .null, .null, .text("{}")] }
    var learn: @Sendable () async throws -> Void = {}

    /// Repeats a call until the function has been told which sessions run.
    func query(_ pool: PostgresPool, _ call: String, _ arguments: [PostgresParameter]) async throws -> PostgresRows {
      while true {
        let rows = try await pool.query(call, arguments + parameters())
        guard lease != nil, let first = rows.first, first.isNull("is_news") else { return rows }
        try await learn()
      }
    }
  }

  private func shown<Reply: Sendable>(
    to instance: Instance?, _ read: @Sendable @escaping (PostgresPool, Leasing) async throws -> Reply
  ) async throws(BridgeError) -> Reply {
    guard let instance else {
      return try await perform { pool in try await read(pool, Leasing()) }
    }
    let leases = AttemptedLeases()
    return try await performTaking { [timing] pool, attempt in
      // What an attempt with an unknown outcome may have leased is told now.
      if let before = leases.last { try await self.undo(before, on: pool) }
      let lease = leases.next()
      return try await read(
        pool,
        Leasing(lease: lease) {
          [
            .text(lease), .text(instance.id), .text(instance.process.encoded), .double(timing.lease.inSeconds),
            self.parameter(Viewer(instance)),
          ]
        } learn: {
          _ = try await self.unreadCounts(for: Viewer(instance))
        })
    } undoing: {
      leases.last
    }
  }
}
