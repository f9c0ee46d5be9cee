import Bridge
import GRDB

extension SQLiteStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    let presence = presence
    var (receipt, processes) = try await write(.when(\.receipt.isNew)) { db -> (receipt: SendReceipt, processes: [String?]) in
      if let earlier = try Self.earlier(message, db) {
        let receipt = SendReceipt(
          messageID: earlier.id ?? message.id, recipient: message.recipient, createdAt: earlier.createdAt ?? "",
          recipientOnline: false, duplicate: true)
        return (receipt, try presence.processes(of: message.recipient, db))
      }
      try presence.requireKnown(message.recipient, db)
      let insert = try db.cachedStatement(
        sql: """
          INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES (?, ?, ?, ?, 0, \(SQL.now))
          RETURNING created_at
          """)
      let createdAt = try String.fetchOne(
        insert, arguments: [message.id, message.sender.name, message.recipient.name, message.content])
      if message.replyTo != nil || message.taskID != nil || message.idempotencyKey != nil {
        try db.cachedStatement(
          sql: "INSERT INTO message_details (message_id, sender, reply_to, task_id, idempotency_key) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [message.id, message.sender.name, message.replyTo, message.taskID, message.idempotencyKey])
      }
      let receipt = SendReceipt(
        messageID: message.id, recipient: message.recipient, createdAt: createdAt ?? "", recipientOnline: false, duplicate: false)
      return (receipt, try presence.processes(of: message.recipient, db))
    }
    receipt.recipientOnline = Presence.isAnyAlive(processes)
    if receipt.isNew, upkeep.noteMessage() { indexLater() }
    return receipt
  }

  /// The message that was written before under the same id or key.
  private static func earlier(_ message: NewMessage, _ db: Database) throws -> Message? {
    let select = "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE "
    if let row = try Row.fetchOne(db.cachedStatement(sql: select + "m.id = ?"), arguments: [message.id]) { return Message(row) }
    guard let key = message.idempotencyKey else { return nil }
    let byKey = "m.id = (SELECT message_id FROM message_details WHERE sender = ? AND idempotency_key = ?)"
    guard let row = try Row.fetchOne(db.cachedStatement(sql: select + byKey), arguments: [message.sender.name, key]) else { return nil }
    let earlier = Message(row)
    guard earlier.recipient == message.recipient.name, earlier.content == message.content else {
      throw BridgeError.keyReused(key, by: "message \(earlier.id ?? "")")
    }
    return earlier
  }
}
