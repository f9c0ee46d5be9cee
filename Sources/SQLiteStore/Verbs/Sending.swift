import Bridge
import GRDB

extension SQLiteStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    let oldest = oldestHeartbeat
    var (receipt, processes) = try await write(.when(\.receipt.isNew)) { db -> (receipt: SendReceipt, processes: [String?]) in
      let receipt = try Self.repetition(of: message, db) ?? Self.insert(message, db)
      return (receipt, try Self.processes(of: message.recipient.name, since: oldest, db))
    }
    receipt.recipientOnline = Presence.isOnline(processes)
    if receipt.isNew, upkeep.noteMessage() { indexLater() }
    return receipt
  }

  private static func insert(_ message: NewMessage, _ db: Database) throws -> SendReceipt {
    try requireExistence(of: message.recipient, db)
    let createdAt = try String.fetchOne(
      db.cachedStatement(
        sql: """
          INSERT INTO messages (id, sender, recipient, content, read, created_at) VALUES (?, ?, ?, ?, 0, \(SQL.now)) RETURNING created_at
          """), arguments: [message.id, message.sender.name, message.recipient.name, message.content])
    try message.references.insert(of: message, db)
    return SendReceipt(
      messageID: message.id, recipient: message.recipient, createdAt: createdAt ?? "", recipientOnline: false, duplicate: false)
  }

  private static func repetition(of message: NewMessage, _ db: Database) throws -> SendReceipt? {
    func earlier(_ condition: String, _ arguments: StatementArguments) throws -> Message? {
      try Row.fetchOne(
        db.cachedStatement(sql: "SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE \(condition)"), arguments: arguments
      ).map(Message.init)
    }
    let byKey = "m.id = (SELECT message_id FROM message_details WHERE sender = ? AND idempotency_key = ?)"
    let found =
      try earlier("m.id = ?", [message.id])
      ?? message.idempotencyKey.flatMap { try earlier(byKey, [message.sender.name, $0]) }
    return try found.map { try EarlierRecord.receipt(for: message, from: $0) }
  }
}
