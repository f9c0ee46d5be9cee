import Bridge
import GRDB

extension SQLiteStore {
  /// What a transaction about a task came to: an error may have left a trace in the history, so it is thrown after the commit.
  private enum Outcome: Sendable {
    case unchanged(BridgeTask)
    case changed(BridgeTask)
    case refused(BridgeError)

    var isNews: Bool { if case .unchanged = self { false } else { true } }
  }

  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    let claim = SQL.offset(timing.claim)
    let outcome = try await write(.when(\.isNews)) { db -> Outcome in
      guard let id = try Self.storedID(of: request.taskID, db), let task = try TaskNews.task(id, db) else {
        throw BridgeError.noSuchTask(request.taskID, for: request.actor)
      }
      let state = TaskState(task: task, actorWasHolder: try Self.wasHolder(request.instance.id, of: id, db))
      switch try TaskStateMachine.transition(state, by: request) {
      case .unchanged:
        if task.holder == request.instance.id { try Self.claim(id, by: request.instance, for: claim, db) }
        try Self.markSeenByActor(request.actor, task, id, db)
        return .unchanged(task)
      case .lateResult(let note, let error):
        try Self.record(id, request, from: task.status, to: task.status, note: note, db)
        try db.cachedStatement(sql: "UPDATE task_details SET creator_news = 1 WHERE task_id = ?").execute(arguments: [id])
        return .refused(error)
      case .change(let status, let result, let holder, let note):
        try db.cachedStatement(
          sql: "UPDATE tasks SET status = ?, result = COALESCE(?, result), updated_at = \(SQL.now) WHERE id = ?"
        ).execute(arguments: [status.rawValue, result, id])
        if task.status == status.rawValue {
          try Self.record(id, request, from: task.status, to: status.rawValue, note: note, db)
          try db.cachedStatement(sql: "UPDATE task_details SET creator_news = 1 WHERE task_id = ?").execute(arguments: [id])
        } else {
          try Self.signLastEvent(of: id, actor: request.actor, instance: request.instance.id, note: note, db)
        }
        if holder == nil {
          try db.cachedStatement(
            sql: "UPDATE task_details SET holder = NULL, holder_process = NULL, held_until = NULL WHERE task_id = ?"
          ).execute(arguments: [id])
        } else {
          try Self.claim(id, by: request.instance, for: claim, db)
        }
        try Self.markSeenByActor(request.actor, task, id, db)
        return .changed(try TaskNews.task(id, db) ?? task)
      }
    }
    switch outcome {
    case .unchanged(let task), .changed(let task): return task
    case .refused(let error): throw error
    }
  }

  private static func claim(_ id: String, by instance: Instance, for duration: String, _ db: Database) throws {
    try db.cachedStatement(
      sql: "UPDATE task_details SET holder = ?, holder_process = ?, held_until = \(SQL.later) WHERE task_id = ?"
    ).execute(arguments: [instance.id, instance.process.encoded, duration, id])
  }

  /// Who acts on a task has seen it.
  private static func markSeenByActor(_ actor: Identity, _ task: BridgeTask, _ id: String, _ db: Database) throws {
    let sides = [(task.recipient, "assignee_news"), (task.sender, "creator_news")]
    for (agent, flag) in sides where agent == actor.name {
      try db.cachedStatement(sql: "UPDATE task_details SET \(flag) = 0 WHERE task_id = ?").execute(arguments: [id])
    }
  }

  private static func record(
    _ id: String, _ request: TransitionRequest, from: String?, to: String?, note: String?, _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO task_events (task_id, at, actor, instance, from_status, to_status, note)
        VALUES (?, \(SQL.now), ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [id, request.actor.name, request.instance.id, from, to, note])
  }

  /// It took the task once, and another instance took it afterwards.
  private static func wasHolder(_ instance: String, of id: String, _ db: Database) throws -> Bool {
    let last = "SELECT MAX(seq) FROM task_events WHERE task_id = ?1 AND to_status = 'in_progress' AND instance"
    return try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT (\(last) = ?2) < (\(last) <> ?2)"), arguments: [id, instance]) ?? false
  }

  /// The id as it stands in the table: as it was given, else in another case.
  static func storedID(of id: String, _ db: Database) throws -> String? {
    if let exact = try String.fetchOne(db.cachedStatement(sql: "SELECT id FROM tasks WHERE id = ?"), arguments: [id]) { return exact }
    return try String.fetchOne(
      db.cachedStatement(sql: "SELECT id FROM tasks WHERE id = ? COLLATE NOCASE AND typeof(id) = 'text' LIMIT 1"), arguments: [id])
  }
}
