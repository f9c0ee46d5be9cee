import Bridge
import GRDB

extension SQLiteStore {
  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    let claim = SQL.offset(timing.claim)
    let moved = try await write(.when(\.isNews)) { db -> Moved in
      guard let id = try Self.storedID(of: request.taskID, db), let task = try TaskNews.task(id, db) else {
        throw BridgeError.noSuchTask(request.taskID, for: request.actor)
      }
      let state = TaskState(task: task, actorWasHolder: try Self.wasHolder(request.instance.id, of: id, db))
      let decision = try TaskStateMachine.decide(state, request)
      try Self.write(decision, id, request, claim: claim, db)
      return Moved(task: try TaskNews.task(id, db) ?? task, decision: decision)
    }
    if let refusal = moved.decision.refusal { throw refusal }
    return moved.task
  }

  private struct Moved: Sendable {
    let task: BridgeTask
    let decision: TaskDecision

    var isNews: Bool { !decision.wakes.isEmpty }
  }

  private static func write(
    _ decision: TaskDecision, _ id: String, _ request: TransitionRequest, claim: String, _ db: Database
  ) throws {
    if let change = decision.change {
      try db.cachedStatement(
        sql: "UPDATE tasks SET status = ?, result = COALESCE(?, result), updated_at = \(SQL.now) WHERE id = ?"
      ).execute(arguments: [change.status.rawValue, change.result, id])
    }
    if let event = decision.event {
      let (actor, instance) = (request.actor, request.instance.id)
      if event.movesStatus {
        try signLastEvent(of: id, actor: actor, instance: instance, note: event.note, db)
      } else {
        try db.cachedStatement(
          sql: """
            INSERT INTO task_events (task_id, at, actor, instance, from_status, to_status, note) VALUES (?, \(SQL.now), ?, ?, ?, ?, ?)
            """
        ).execute(arguments: [id, actor.name, instance, event.from, event.to, event.note])
      }
    }
    switch decision.claim {
    case .keep: break
    case .take:
      try db.cachedStatement(
        sql: "UPDATE task_details SET holder = ?, holder_process = ?, held_until = \(SQL.later) WHERE task_id = ?"
      ).execute(arguments: [request.instance.id, request.instance.process.encoded, claim, id])
    case .release:
      try db.cachedStatement(
        sql: "UPDATE task_details SET holder = NULL, holder_process = NULL, held_until = NULL WHERE task_id = ?"
      ).execute(arguments: [id])
    }
    for (side, isNews) in decision.news {
      try db.cachedStatement(sql: "UPDATE task_details SET \(side)_news = ? WHERE task_id = ?").execute(arguments: [isNews, id])
    }
  }

  /// It took the task once, and another instance took it afterwards.
  private static func wasHolder(_ instance: String, of id: String, _ db: Database) throws -> Bool {
    let last = "SELECT MAX(seq) FROM task_events WHERE task_id = ?1 AND to_status = 'in_progress' AND instance"
    return try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT (\(last) = ?2) < (\(last) <> ?2)"), arguments: [id, instance]) ?? false
  }

  /// The stored id: the given one, else one that differs only in case.
  static func storedID(of id: String, _ db: Database) throws -> String? {
    if let exact = try String.fetchOne(db.cachedStatement(sql: "SELECT id FROM tasks WHERE id = ?"), arguments: [id]) { return exact }
    return try String.fetchOne(
      db.cachedStatement(sql: "SELECT id FROM tasks WHERE id = ? COLLATE NOCASE AND typeof(id) = 'text' LIMIT 1"), arguments: [id])
  }
}
