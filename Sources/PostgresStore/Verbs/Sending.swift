import Bridge
import PostgresClient

extension PostgresStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    let presence = timing.presence.inSeconds
    return try await perform { [sql] pool, attempt in
      if message.idempotencyKey != nil, let receipt = try await self.earlier(message, attempt, pool) { return receipt }
      do {
        let references = MessageReferences.columns
        let values = references.indices.map { "$\($0 + 7)::text" }.joined(separator: ", ")
        let rows = try await pool.query(
          """
          WITH sent AS (
            INSERT INTO \(sql.messages) (id, sender, recipient, content, read, created_at)
            SELECT $1::text, $2::text, $3::text, $4::text, 0, \(SQL.now)
            WHERE $3 = ANY($5::text[]) OR EXISTS (SELECT 1 FROM \(sql.agents) WHERE name = $3)
            ON CONFLICT (id) DO NOTHING RETURNING id, created_at
          ), detailed AS (
            INSERT INTO \(sql.messageDetails) (message_id, sender, \(references.map(\.column).joined(separator: ", ")))
            SELECT id, $2, \(values) FROM sent WHERE COALESCE(\(values)) IS NOT NULL
          )
          SELECT created_at, (\(sql.runningProcesses(of: "$3", within: "$6"))) AS processes FROM sent
          """,
          [
            .text(message.id), .text(message.sender.name), .text(message.recipient.name), .text(message.content),
            .textArray(Identity.wellKnown.map(\.name)), .double(presence),
          ] + references.map { .optional($0.text(in: message.references)) })
        if let row = rows.first {
          return SendReceipt(
            messageID: message.id, recipient: message.recipient, createdAt: try row.get("created_at"),
            recipientOnline: Presence.isOnline(try row.get("processes", as: [String].self)), duplicate: false)
        }
      } catch let error as PostgresError where error.sqlState == .uniqueViolation {
        // Another process has just used the key.
      }
      if let receipt = try await self.earlier(message, attempt, pool) { return receipt }
      throw BridgeError.unknownRecipient(message.recipient, known: try await self.knownNames(pool))
    }
  }

  /// The message that was written before under the same id or key.
  private func earlier(_ message: NewMessage, _ attempt: Int, _ pool: PostgresPool) async throws -> SendReceipt? {
    let rows = try await pool.query(
      """
      SELECT m.id, m.recipient, m.content, m.created_at, (\(sql.runningProcesses(of: "$4", within: "$5"))) AS processes
      FROM \(sql.messages) m WHERE m.id = $1
        OR m.id = (SELECT message_id FROM \(sql.messageDetails) WHERE sender = $2 AND idempotency_key = $3::text)
      ORDER BY m.id = $1 DESC LIMIT 1
      """,
      [
        .text(message.id), .text(message.sender.name), .optional(message.idempotencyKey), .text(message.recipient.name),
        .double(timing.presence.inSeconds),
      ])
    guard let row = rows.first else { return nil }
    let earlier = Message(
      id: try row.get("id"), sender: nil, recipient: try row.get("recipient"), content: try row.get("content"),
      createdAt: try row.get("created_at"))
    return try EarlierRecord.receipt(
      for: message, from: earlier, attempt: attempt, recipientOnline: Presence.isOnline(row.get("processes", as: [String].self)))
  }

  func knownNames(_ pool: some PostgresExecutor) async throws -> [String] {
    try await pool.query("SELECT name FROM \(sql.agents)").map { try $0.get(0) }
  }
}
