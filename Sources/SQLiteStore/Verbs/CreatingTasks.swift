import Bridge
import GRDB

extension SQLiteStore {
  public func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    let oldest = oldestHeartbeat
    var (receipt, processes) = try await write(.always) { db -> (TaskReceipt, [String?]) in
      if try Self.earlier(task, db) == nil { try Self.insert(task, db) }
      guard let written = try Self.earlier(task, db) else {
        throw BridgeError(.storeFailed, "The task \(task.id) is not in the database after it was written: call again.")
      }
      return (
        try EarlierRecord.receipt(for: task, from: written), try Self.processes(of: task.recipient.name, since: oldest, db)
      )
    }
    receipt.recipientOnline = Presence.isOnline(processes)
    return receipt
  }

  private static func earlier(_ task: NewTask, _ db: Database) throws -> BridgeTask? {
    if let earlier = try TaskNews.task(task.id, db) { return earlier }
    guard let key = task.idempotencyKey else { return nil }
    return try String.fetchOne(
      db.cachedStatement(sql: "SELECT task_id FROM task_details WHERE sender = ? AND idempotency_key = ?"),
      arguments: [task.sender.name, key]
    ).flatMap { try TaskNews.task($0, db) }
  }

  private static func insert(_ task: NewTask, _ db: Database) throws {
    try requireExistence(of: task.recipient, db)
    // The trigger adds the details and the first event.
    try db.cachedStatement(
      sql: """
        INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at, result)
        SELECT ?, ?, ?, ?, ?, 'pending', now, now, NULL FROM (SELECT \(SQL.now) AS now)
        """
    ).execute(arguments: [task.id, task.sender.name, task.recipient.name, task.title, task.description])
    try db.cachedStatement(sql: "UPDATE task_details SET sender = ?, idempotency_key = ? WHERE task_id = ?")
      .execute(arguments: [task.sender.name, task.idempotencyKey, task.id])
    try signLastEvent(of: task.id, actor: task.sender, instance: nil, note: nil, db)
  }

  /// Records who made the change that a trigger has just recorded.
  static func signLastEvent(of task: String, actor: Identity, instance: String?, note: String?, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        UPDATE task_events SET actor = ?, instance = ?, note = ?
        WHERE seq = (SELECT MAX(seq) FROM task_events WHERE task_id = ?)
        """
    ).execute(arguments: [actor.name, instance, note, task])
  }
}
