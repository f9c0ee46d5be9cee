import Bridge
import PostgresClient

extension PostgresStore {
  /// What a transaction about a task came to: an error may have left a trace in the history, so it is thrown after the commit.
  private enum Outcome: Sendable {
    case moved(BridgeTask)
    case refused(BridgeError)
  }

  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    let outcome = try await perform { pool, attempt in
      try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        try await self.limitWaiting(transaction)
        return try await self.transition(request, attempt, transaction)
      }
    }
    switch outcome {
    case .moved(let task): return task
    case .refused(let error): throw error
    }
  }

  private func transition(_ request: TransitionRequest, _ attempt: Int, _ transaction: PostgresTransaction) async throws -> Outcome {
    // First the lock, then a statement of its own that reads: one that waited for the lock would join the task as it is now with its details
    // as they were before.
    guard let id = try await lock(task: request.taskID, transaction), let row = try await row(ofTask: id, transaction) else {
      throw BridgeError.noSuchTask(request.taskID, for: request.actor)
    }
    let task = try BridgeTask(row)
    let state = TaskState(task: task, actorWasHolder: try await wasHolder(request.instance.id, of: id, transaction))
    switch try TaskStateMachine.transition(state, by: request) {
    case .unchanged:
      if task.holder == request.instance.id { try await claim(id, by: request.instance, transaction) }
      try await markSeenByActor(request.actor, task, id, transaction)
      return .moved(task)
    case .lateResult(let note, let error):
      // An earlier attempt, whose outcome was unknown, may have recorded it.
      if attempt > 1, try await isRecorded(note, of: id, by: request.instance, transaction) { return .refused(error) }
      try await record(id, request, task, to: task.status, note: note, transaction)
      return .refused(error)
    case .change(let status, let result, let holder, let note):
      try await transaction.query(
        "UPDATE \(sql.tasks) SET status = $2, result = COALESCE($3::text, result), updated_at = \(SQL.now) WHERE id = $1",
        [.text(id), .text(status.rawValue), .optional(result)])
      if task.status == status.rawValue {
        try await record(id, request, task, to: status.rawValue, note: note, transaction)
      } else {
        try await signLastEvent(of: id, actor: request.actor, instance: request.instance.id, note: note, transaction)
      }
      if holder == nil {
        try await transaction.query(
          "UPDATE \(sql.taskDetails) SET holder = NULL, holder_process = NULL, held_until = NULL WHERE task_id = $1", [.text(id)])
      } else {
        try await claim(id, by: request.instance, transaction)
      }
      try await markSeenByActor(request.actor, task, id, transaction)
      guard let moved = try await self.row(ofTask: id, transaction) else { return .moved(task) }
      return .moved(try BridgeTask(moved))
    }
  }

  /// The id as it stands in the table: as it was given, else in another case. Nobody else moves the task until the transaction ends.
  private func lock(task id: String, _ transaction: PostgresTransaction) async throws -> String? {
    try await transaction.query(
      "SELECT id FROM \(sql.tasks) WHERE lower(id) = lower($1) ORDER BY id = $1 DESC, seq LIMIT 1 FOR UPDATE", [.text(id)], planning: .kept
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

  private func claim(_ id: String, by instance: Instance, _ transaction: PostgresTransaction) async throws {
    try await transaction.query(
      "UPDATE \(sql.taskDetails) SET holder = $2, holder_process = $3, held_until = \(SQL.later("$4")) WHERE task_id = $1",
      [.text(id), .text(instance.id), .text(instance.process.encoded), .double(timing.claim.inSeconds)])
  }

  /// Who acts on a task has seen it.
  private func markSeenByActor(_ actor: Identity, _ task: BridgeTask, _ id: String, _ transaction: PostgresTransaction) async throws {
    try await transaction.query(
      """
      UPDATE \(sql.taskDetails) SET assignee_news = CASE WHEN $2::boolean THEN 0 ELSE assignee_news END,
        creator_news = CASE WHEN $3::boolean THEN 0 ELSE creator_news END
      WHERE task_id = $1
      """, [.text(id), .bool(task.recipient == actor.name), .bool(task.sender == actor.name)])
  }

  /// A change that leaves the status as it is, which no trigger sees: the history gets it, and the creator is woken.
  private func record(
    _ id: String, _ request: TransitionRequest, _ task: BridgeTask, to: String?, note: String?, _ transaction: PostgresTransaction
  ) async throws {
    try await transaction.query(
      """
      WITH recorded AS (
        INSERT INTO \(sql.taskEvents) (task_id, actor, instance, from_status, to_status, note)
        VALUES ($1::text, $2, $3, $4, $5, $6)
      ), unseen AS (
        UPDATE \(sql.taskDetails) SET creator_news = 1 WHERE task_id = $1
      )
      SELECT pg_notify(\(sql.schema).channel_of($7, $8::text), 'tasks') WHERE $8 IS NOT NULL
      """,
      [
        .text(id), .text(request.actor.name), .text(request.instance.id), .optional(task.status), .optional(to), .optional(note),
        .text(schema.name), .optional(task.sender),
      ])
  }

  private func isRecorded(_ note: String, of id: String, by instance: Instance, _ transaction: PostgresTransaction) async throws -> Bool {
    try await transaction.query(
      "SELECT EXISTS (SELECT 1 FROM \(sql.taskEvents) WHERE task_id = $1 AND instance = $2 AND note = $3)",
      [.text(id), .text(instance.id), .text(note)]
    ).first?.get(0) ?? false
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
