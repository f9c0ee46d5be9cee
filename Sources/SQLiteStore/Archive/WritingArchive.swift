import Bridge
import Foundation
import GRDB

extension SQLiteStore {
  /// What a transaction came to, and whether it is news for anybody.
  private struct Written: Sendable {
    var outcome = ArchiveOutcome()
    var isNews = false
  }

  public func write(_ messages: [ArchivedMessage]) async throws(BridgeError) -> ArchiveOutcome {
    try await write(.when(\.isNews)) { db in
      let present = try Counterparts<ArchivedMessage>.messages(db).of(messages)
      var written = Written()
      var done = Set<ArchivedText>()
      for message in messages where done.insert(message.key).inserted {
        if let counterpart = present[message.key] {
          try Self.update(counterpart, with: message, &written, db)
        } else {
          try Self.insert(message, &written, db)
        }
      }
      return written
    }.outcome
  }

  private static func insert(_ message: ArchivedMessage, _ written: inout Written, _ db: Database) throws {
    let columns = [message.id, message.sender, message.recipient, message.content]
    let places = columns.map(\.placeholder) + ["?", message.createdAt.placeholder]
    let sql = "INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES (\(places.joined(separator: ", ")))"
    try db.cachedStatement(sql: sql).execute(
      arguments: StatementArguments(columns.map(\.value) + [message.read.databaseValue, message.createdAt.value]))
    // What is left of a message that was removed by hand is not this one's.
    try db.cachedStatement(sql: "DELETE FROM message_details WHERE message_id = \(ArchivedText?(message.id).placeholder)")
      .execute(arguments: [message.id.value])
    try writeDetails(of: message, as: message.id, &written.outcome, db)
    written.outcome.added += 1
    if !message.isRead { written.isNews = true }
  }

  private static func update(
    _ present: Archived<ArchivedMessage>, with source: ArchivedMessage, _ written: inout Written, _ db: Database
  ) throws {
    guard present.record.isBehind(source) else { return }
    let merged = present.record.merged(with: source)
    if merged.read != present.record.read {
      try db.cachedStatement(sql: "UPDATE messages SET read = ? WHERE rowid = ?").execute(arguments: [merged.read, present.row])
    }
    if let id = present.storedID { try writeDetails(of: merged, as: id, &written.outcome, db) }
    written.outcome.updated += 1
  }

  private static func writeDetails(
    of message: ArchivedMessage, as id: ArchivedText, _ outcome: inout ArchiveOutcome, _ db: Database
  ) throws {
    guard message.hasDetails else { return }
    let place = ArchivedText?(id).placeholder
    var key = message.idempotencyKey
    if key != nil, try isTaken(key, by: message.sender, in: "message_details", "message_id", otherThan: id, db) {
      key = nil
      outcome.keysTaken += 1
    }
    let sql = """
      INSERT INTO message_details (message_id, sender, reply_to, task_id, idempotency_key, read_at, redelivered)
      VALUES (\(place), ?, ?, ?, ?, ?, ?)
      ON CONFLICT (message_id) DO UPDATE SET sender = COALESCE(excluded.sender, sender), reply_to = excluded.reply_to,
        task_id = excluded.task_id, idempotency_key = excluded.idempotency_key, read_at = excluded.read_at, redelivered = excluded.redelivered
      """
    try db.cachedStatement(sql: sql).execute(
      arguments: StatementArguments([
        id.value, message.hasReferences ? message.sender.value : .null, message.replyTo.databaseValue, message.taskID.databaseValue,
        key.databaseValue, message.readAt.databaseValue, message.redelivered.databaseValue,
      ]))
  }

  /// Whether the sender's key stands for something else here.
  private static func isTaken(
    _ key: String?, by sender: ArchivedText?, in table: String, _ column: String, otherThan id: ArchivedText, _ db: Database
  ) throws -> Bool {
    let sql =
      "SELECT EXISTS (SELECT 1 FROM \(table) WHERE sender = ? AND idempotency_key = ? AND \(column) <> \(ArchivedText?(id).placeholder))"
    return try Bool.fetchOne(
      db.cachedStatement(sql: sql), arguments: StatementArguments([sender.value, key.databaseValue, id.value])) ?? false
  }

  public func write(_ tasks: [ArchivedTask]) async throws(BridgeError) -> ArchiveOutcome {
    try await write(.when(\.isNews)) { db in
      let present = try Counterparts<ArchivedTask>.tasks(db).of(tasks)
      var written = Written()
      var done = Set<ArchivedText>()
      for task in tasks where done.insert(task.key).inserted {
        if let counterpart = present[task.key] {
          guard counterpart.record.isBehind(task) else { continue }
          try Self.update(counterpart, to: counterpart.record.merged(with: task), &written, db)
        } else {
          try Self.insert(task, &written, db)
        }
      }
      return written
    }.outcome
  }

  private static func insert(_ task: ArchivedTask, _ written: inout Written, _ db: Database) throws {
    let columns = [
      task.id, task.sender, task.recipient, task.title, task.description, task.status, task.createdAt, task.updatedAt, task.result,
    ]
    let sql = """
      INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at, result)
      VALUES (\(columns.map(\.placeholder).joined(separator: ", ")))
      """
    try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(columns.map(\.value)))
    try writeDetails(of: task, as: task.id, &written.outcome, db)
    written.outcome.added += 1
    written.isNews = written.isNews || task.assigneeUnseen || task.creatorUnseen
  }

  private static func update(
    _ present: Archived<ArchivedTask>, to task: ArchivedTask, _ written: inout Written, _ db: Database
  ) throws {
    if [task.status, task.updatedAt, task.result] != [present.record.status, present.record.updatedAt, present.record.result] {
      let columns = [task.status, task.updatedAt, task.result]
      let places = zip(["status", "updated_at", "result"], columns).map { "\($0) = \($1.placeholder)" }.joined(separator: ", ")
      try db.cachedStatement(sql: "UPDATE tasks SET \(places) WHERE rowid = ?")
        .execute(arguments: StatementArguments(columns.map(\.value) + [present.row.databaseValue]))
    }
    if let id = present.storedID { try writeDetails(of: task, as: id, &written.outcome, db) }
    written.outcome.updated += 1
    written.isNews = written.isNews || task.assigneeUnseen || task.creatorUnseen
  }

  /// In place of what the triggers have recorded.
  private static func writeDetails(of task: ArchivedTask, as id: ArchivedText, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    let place = ArchivedText?(id).placeholder
    var key = task.idempotencyKey
    if key != nil, try isTaken(key, by: task.sender, in: "task_details", "task_id", otherThan: id, db) {
      key = nil
      outcome.keysTaken += 1
    }
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO task_details
          (task_id, sender, idempotency_key, holder, holder_process, held_until, assignee_news, creator_news)
        VALUES (\(place), ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: StatementArguments([
        id.value, task.sender.value, key.databaseValue, task.holder.databaseValue, task.holderProcess.databaseValue,
        task.heldUntil.databaseValue, task.assigneeUnseen.databaseValue, task.creatorUnseen.databaseValue,
      ]))
    try db.cachedStatement(sql: "DELETE FROM task_events WHERE task_id = \(place)").execute(arguments: [id.value])
    let insert = try db.cachedStatement(
      sql: "INSERT INTO task_events (task_id, at, actor, instance, from_status, to_status, note) VALUES (\(place), ?, ?, ?, ?, ?, ?)")
    for event in task.events {
      try insert.execute(
        arguments: StatementArguments([
          id.value, event.at.databaseValue, event.actor.databaseValue, event.instance.databaseValue, event.from.databaseValue,
          event.to.databaseValue, event.note.databaseValue,
        ]))
    }
  }

  public func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome {
    let present = Dictionary(try await archivedAgents().map { ($0.name, $0) }) { first, _ in first }
    return try await write(.never) { db in
      var outcome = ArchiveOutcome()
      for agent in agents {
        let merged = present[agent.name]?.merged(with: agent) ?? agent
        guard merged != present[agent.name] else { continue }
        try db.cachedStatement(
          sql: """
            INSERT INTO agents (name, added_at, last_seen, host, client) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = excluded.client
            WHERE COALESCE(last_seen, '') < excluded.last_seen
            """
        ).execute(arguments: [merged.name, merged.addedAt, merged.lastSeen, merged.host, merged.client])
        if present[agent.name] == nil { outcome.added += 1 } else { outcome.updated += 1 }
      }
      return outcome
    }
  }
}
