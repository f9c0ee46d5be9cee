import Bridge
import GRDB

extension SQLiteStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    let timing = timing
    var (receipt, processes) = try await write(wakes: \.receipt.isNew) { db -> (receipt: SendReceipt, processes: [String?]) in
      var receipt = try Self.receipt(for: message, timing, db)
      if let awaited = message.reservation { try Self.reserve(replyTo: receipt.messageID, awaited, for: SQL.offset(timing.lease), db) }
      receipt.unread = try Self.unread(for: Viewer(agent: message.sender, idsLike: message.id), timing, db)
      return (receipt, try Self.processes(of: message.recipient.name, within: timing.presence, db))
    }
    receipt.recipientOnline = Presence.isOnline(processes)
    return receipt
  }

  public func broadcast(_ broadcast: Broadcast) async throws(BridgeError) -> [SendReceipt] {
    let timing = timing
    let (sent, _) = try await write(wakes: \.isNew) { db -> ([(SendReceipt, processes: [String?])], isNew: Bool) in
      let known = try String.fetchAll(db.cachedStatement(sql: "SELECT name FROM agents"))
      let unread = try Self.unread(for: Viewer(agent: broadcast.sender, idsLike: broadcast.ids.first ?? ""), timing, db)
      let sent = try zip(broadcast.ids, broadcast.recipients(known: known)).map { id, recipient in
        var receipt = try Self.receipt(for: broadcast.message(id, to: recipient), timing, db)
        receipt.unread = unread
        return (receipt, processes: try Self.processes(of: recipient.name, within: timing.presence, db))
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
  private static func receipt(for message: NewMessage, _ timing: StoreTiming, _ db: Database) throws -> SendReceipt {
    // An id of its own needs no look beforehand.
    let earlier = message.idempotencyKey == nil ? nil : try repetition(of: message, db)
    if let receipt = try earlier ?? insert(message, timing, db) ?? repetition(of: message, db) { return receipt }
    throw BridgeError(.storeFailed, "The message \(message.id) is not in the database after it was written: call again.")
  }

  /// - Returns: nil if there is a message of this id.
  private static func insert(_ message: NewMessage, _ timing: StoreTiming, _ db: Database) throws -> SendReceipt? {
    try requireExistence(of: message.recipient, db)
    // Not RETURNING: SQLite makes a table for what it returns.
    try db.run(
      "INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES (?, ?, ?, ?, 0, \(SQL.now)) ON CONFLICT DO NOTHING",
      [message.id, message.sender.name, message.recipient.name, message.content])
    guard db.changesCount > 0 else { return nil }
    let createdAt: String? = try db.value("SELECT created_at FROM messages WHERE rowid = ?", [db.lastInsertedRowID])
    if !message.references.isEmpty {
      let references = try message.references.resolved { try $0.requiredID(for: message.sender.name, db) }
      let columns = MessageReferences.columns
      // The key may be that of a message that was removed by hand.
      try db.run(
        """
        INSERT OR REPLACE INTO message_details (message_id, sender, recipient, \(columns.map(\.column).joined(separator: ", ")))
        VALUES (?, ?, ?\(String(repeating: ", ?", count: columns.count)))
        """,
        [message.id, message.sender.name, message.recipient.name] + StatementArguments(columns.map { $0.databaseValue(in: references) }))
      if let asked = references.replyTo { try keep(message, asked: asked, for: SQL.offset(timing.reservation), db) }
    }
    return SendReceipt(
      messageID: message.id, recipient: message.recipient, createdAt: createdAt ?? "", recipientOnline: false, duplicate: false)
  }

  /// Keeps a reply for the session that asked, if it is known, or for the call that waits for it.
  private static func keep(_ reply: NewMessage, asked: String, for reservation: String, _ db: Database) throws {
    let mark = String(asked.suffix(Stamp.length))
    try db.run(
      """
      UPDATE message_details SET kept_for = ?1, kept_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2) WHERE message_id = ?3
        AND EXISTS (SELECT 1 FROM messages m WHERE m.id = ?4 AND m.sender = ?5)
        AND (EXISTS (SELECT 1 FROM sessions s WHERE s.agent = ?5 AND s.stamp = substr(?1, 1, \(Stamp.session)) AND NOT s.has_ended)
          OR EXISTS (SELECT 1 FROM lease_items i WHERE i.kind = 'reply' AND i.id = ?4))
      """, [mark, reservation, reply.id, asked, reply.recipient.name])
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
