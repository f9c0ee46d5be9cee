import Bridge
import PostgresClient

extension PostgresStore {
  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    let (task, refusal) = try await perform { pool, attempt in
      try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        try await self.limitWaiting(transaction)
        return try await self.transition(request, attempt, transaction)
      }
    }
    if let refusal { throw refusal }
    return task
  }

  private func transition(
    _ request: TransitionRequest, _ attempt: Int, _ transaction: PostgresTransaction
  ) async throws -> (BridgeTask, refusal: BridgeError?) {
    // First the lock, then a statement of its own that reads: one that waited for the lock would join the task as it is now with its details
    // as they were before.
    guard let id = try await lock(task: request.taskID, transaction), let row = try await row(ofTask: id, transaction) else {
      throw BridgeError.noSuchTask(request.taskID, for: request.actor)
    }
    let task = try BridgeTask(row)
    let state = TaskState(task: task, actorWasHolder: try await wasHolder(request.instance.id, of: id, transaction))
    let decision = try TaskStateMachine.decide(state, request)
    if let change = decision.change {
      try await transaction.query(
        "UPDATE \(sql.tasks) SET status = $2, result = COALESCE($3::text, result), updated_at = \(SQL.now) WHERE id = $1",
        [.text(id), .text(change.status.rawValue), .optional(change.result)])
    }
    if let event = decision.event {
      if event.movesStatus {
        try await signLastEvent(of: id, actor: request.actor, instance: request.instance.id, note: event.note, transaction)
      } else {
        try await record(event, id, request, attempt, transaction)
      }
    }
    try await transaction.query(
      """
      UPDATE \(sql.taskDetails) SET
        assignee_news = COALESCE($2::boolean::integer, assignee_news), creator_news = COALESCE($3::boolean::integer, creator_news),
        holder = CASE WHEN $4 THEN $5 ELSE holder END, holder_process = CASE WHEN $4 THEN $6 ELSE holder_process END,
        held_until = CASE WHEN $4 THEN \(SQL.later("$7")) ELSE held_until END
      WHERE task_id = $1
      """,
      [.text(id)] + [TaskRole.assignee, .creator].map { decision.news[$0].map(PostgresParameter.bool) ?? .null }
        + claim(decision.claim, request.instance))
    // A change of the status wakes both sides by a trigger.
    for (side, agent) in [(TaskRole.assignee, task.recipient), (.creator, task.sender)] where decision.wakes.contains(side) {
      guard decision.event?.movesStatus == false, let agent else { continue }
      try await transaction.query("SELECT pg_notify(\(sql.schema).channel_of($1, $2), 'tasks')", [.text(schema.name), .text(agent)])
    }
    return (try await self.row(ofTask: id, transaction).map { try BridgeTask($0) } ?? task, decision.refusal)
  }

  /// Whether the claim changes, its holder and process, and for how many seconds it is kept.
  private func claim(_ claim: TaskDecision.Claim, _ instance: Instance) -> [PostgresParameter] {
    switch claim {
    case .keep: [.bool(false), .null, .null, .null]
    case .release: [.bool(true), .null, .null, .null]
    case .take: [.bool(true), .text(instance.id), .text(instance.process.encoded), .double(timing.claim.inSeconds)]
    }
  }

  /// Records an event that no trigger sees; at a later attempt only if the one before, whose outcome is unknown, has not.
  private func record(
    _ event: TaskDecision.Event, _ id: String, _ request: TransitionRequest, _ attempt: Int, _ transaction: PostgresTransaction
  ) async throws {
    try await transaction.query(
      """
      INSERT INTO \(sql.taskEvents) (task_id, actor, instance, from_status, to_status, note)
      SELECT $1::text, $2, $3::text, $4, $5, $6::text WHERE NOT ($7 AND EXISTS (
        SELECT 1 FROM \(sql.taskEvents) WHERE task_id = $1 AND instance = $3 AND note = $6))
      """,
      [
        .text(id), .text(request.actor.name), .text(request.instance.id), .optional(event.from), .optional(event.to), .optional(event.note),
        .bool(attempt > 1),
      ])
  }

  /// The stored id: the given one, else one that differs only in case. Nobody else moves the task until the transaction ends.
  private func lock(task id: String, _ transaction: PostgresTransaction) async throws -> String? {
    try await transaction.query(
      "SELECT id FROM \(sql.tasks) WHERE lower(id) = lower($1) ORDER BY id = $1 DESC, seq LIMIT 1 FOR UPDATE", [.text(id)]
    ).first?.get(0)
  }

  /// The task with this id as it was given, else in another case.
  func row(ofTask id: String, _ executor: some PostgresExecutor) async throws -> PostgresRow? {
    try await executor.query(
      """
      SELECT \(SQL.taskColumns) FROM \(sql.tasksWithDetails) WHERE lower(t.id) = lower($1)
      ORDER BY t.id = $1 DESC, t.seq LIMIT 1
      """, [.text(id)]
    ).first
  }

  /// It took the task once, and another instance took it afterwards.
  private func wasHolder(_ instance: String, of id: String, _ transaction: PostgresTransaction) async throws -> Bool {
    let rows = try await transaction.query(
      """
      SELECT COALESCE(MAX(seq) FILTER (WHERE instance = $2) < MAX(seq) FILTER (WHERE instance <> $2), false)
      FROM \(sql.taskEvents) WHERE task_id = $1 AND to_status = 'in_progress'
      """, [.text(id), .text(instance)])
    return try rows.first?.get(0, as: Bool.self) ?? false
  }
}
