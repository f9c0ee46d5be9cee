import Bridge
import GRDB

extension SQLiteStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    let presence = timing.presence
    var (receipt, processes) = try await write(wakes: \.receipt.isNew) { db -> (receipt: SendReceipt, processes: [String?]) in
      var receipt = try Self.receipt(for: message, db)
      receipt.unread = try Self.unread(for: message.sender, db)
      return (receipt, try Self.processes(of: message.recipient.name, within: presence, db))
    }
    receipt.recipientOnline = Presence.isOnline(processes)
    return receipt
  }

  public func broadcast(_ broadcast: Broadcast) async throws(BridgeError) -> [SendReceipt] {
    let presence = timing.presence
    let (sent, _) = try await write(wakes: \.isNew) { db -> ([(SendReceipt, processes: [String?])], isNew: Bool) in
      let known = try String.fetchAll(db.cachedStatement(sql: "SELECT name FROM agents"))
      let unread = try Self.unread(for: broadcast.sender, db)
      let sent = try zip(broadcast.ids, broadcast.recipients(known: known)).map { id, recipient in
        var receipt = try Self.receipt(for: broadcast.message(id, to: recipient), db)
        receipt.unread = unread
        return (receipt, processes: try Self.processes(of: recipient.name, within: presence, db))
      }
      return (sent, sent.contains(where: \.0.isNew))
    }
    return sent.map { receipt, processes in
      var receipt = receipt
      receipt.recipientOnline = Presence.isOnline(processes)
      return receipt
    }
  }

  /// Writes a message, unless it is there.
  private static func receipt(for message: NewMessage, _ db: Database) throws -> SendReceipt {
    // An id of its own needs no look beforehand.
    let earlier = message.idempotencyKey == nil ? nil : try repetition(of: message, db)
    if let receipt = try earlier ?? insert(message, db) ?? repetition(of: message, db) { return receipt }
    throw BridgeError(.storeFailed, "The message \(message.id) is not in the database after it was written: call again.")
  }

  /// - Returns: nil if there is a message of this id.
  private static func insert(_ message: NewMessage, _ db: Database) throws -> SendReceipt? {
    try requireExistence(of: message.recipient, db)
    let createdAt: String? = try db.value(
      """
      INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES (?, ?, ?, ?, 0, \(SQL.now))
      ON CONFLICT DO NOTHING RETURNING created_at
      """, [message.id, message.sender.name, message.recipient.name, message.content])
    guard let createdAt else { return nil }
    if !message.references.isEmpty {
      let references = try message.references.resolved { try $0.requiredID(for: message.sender, db) }
      let columns = MessageReferences.columns
      // The key may be that of a message that was removed by hand.
      try db.run(
        """
        INSERT OR REPLACE INTO message_details (message_id, sender, recipient, \(columns.map(\.column).joined(separator: ", ")))
        VALUES (?, ?, ?\(String(repeating: ", ?", count: columns.count)))
        """,
        [message.id, message.sender.name, message.recipient.name] + StatementArguments(columns.map { $0.databaseValue(in: references) }))
    }
    return SendReceipt(
      messageID: message.id, recipient: message.recipient, createdAt: createdAt, recipientOnline: false, duplicate: false)
  }

  private static func repetition(of message: NewMessage, _ db: Database) throws -> SendReceipt? {
    let ofKey = "(SELECT message_id FROM message_details WHERE sender = ? AND idempotency_key = ? AND recipient = ?)"
    let earlier =
      try db.row("SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE m.id = ?", [message.id])
      ?? message.idempotencyKey.flatMap {
        try db.row(
          "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE m.id = \(ofKey)", [message.sender.name, $0, message.recipient.name])
      }
    return try earlier.map { try EarlierRecord.receipt(for: message, from: Message(fieldsOf: $0)) }
  }
}
