import Bridge
import GRDB

extension SQLiteStore {
  public func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    try await write(.always) { [presence] db in
      var created = try Self.earlier(task, db)
      if created == nil {
        try presence.requireKnown(task.recipient, db)
        // The trigger makes the details and the first event.
        try db.cachedStatement(
          sql: """
            INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at, result)
            SELECT ?, ?, ?, ?, ?, 'pending', now, now, NULL FROM (SELECT \(SQL.now) AS now)
            """
        ).execute(arguments: [task.id, task.sender.name, task.recipient.name, task.title, task.description])
        try db.cachedStatement(sql: "UPDATE task_details SET sender = ?, idempotency_key = ? WHERE task_id = ?")
          .execute(arguments: [task.sender.name, task.idempotencyKey, task.id])
        try Self.signLastEvent(of: task.id, actor: task.sender, instance: nil, note: nil, db)
        created = try TaskNews.task(task.id, db)
      }
      return TaskReceipt(
        taskID: created?.id ?? task.id, status: created?.status ?? "", createdAt: created?.createdAt ?? "",
        recipientOnline: try presence.isOnline(task.recipient, db))
    }
  }

  /// The task that was written before under the same id or key.
  private static func earlier(_ task: NewTask, _ db: Database) throws -> BridgeTask? {
    if let earlier = try TaskNews.task(task.id, db) { return earlier }
    guard let key = task.idempotencyKey,
      let id = try String.fetchOne(
        db.cachedStatement(sql: "SELECT task_id FROM task_details WHERE sender = ? AND idempotency_key = ?"),
        arguments: [task.sender.name, key]),
      let earlier = try TaskNews.task(id, db)
    else { return nil }
    guard earlier.recipient == task.recipient.name, earlier.title == task.title, earlier.description == task.description else {
      throw BridgeError.keyReused(key, by: "task \(id)")
    }
    return earlier
  }

  /// Says who made the change that a trigger has just recorded.
  static func signLastEvent(of task: String, actor: Identity, instance: String?, note: String?, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        UPDATE task_events SET actor = ?, instance = ?, note = ?
        WHERE seq = (SELECT MAX(seq) FROM task_events WHERE task_id = ?)
        """
    ).execute(arguments: [actor.name, instance, note, task])
  }
}
