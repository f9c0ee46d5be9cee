import Bridge
import GRDB

extension SQLiteStore {
  /// Records what was taken.
  ///
  /// - Returns: the lease's name.
  static func lease(_ delivered: Delivered, to instance: Instance, for duration: String, _ db: Database) throws -> String {
    let batch = UniqueID.make()
    try db.cachedStatement(
      sql: "INSERT INTO deliveries (batch, agent, owner, process, items, expires_at) VALUES (?, ?, ?, ?, ?, \(SQL.later))"
    ).execute(
      arguments: [batch, instance.agent.name, instance.id, instance.process.encoded, delivered.encoded, duration])
    return batch
  }

  public func confirm(_ batch: String) async throws(BridgeError) {
    try await write(.never, outliving: .processes) { db in
      guard let delivered = try Self.removeLease(batch, db) else { return }
      let markRead = try db.cachedStatement(
        sql: """
          INSERT INTO message_details (message_id, read_at) VALUES (?, \(SQL.now))
          ON CONFLICT (message_id) DO UPDATE SET read_at = excluded.read_at
          """)
      for message in delivered.messages {
        if let id = message.id { try markRead.execute(arguments: [id]) }
      }
    }
  }

  public func undo(_ batch: String) async throws(BridgeError) {
    _ = try await write(.when(\.self), outliving: .processes) { db in
      guard let delivered = try Self.removeLease(batch, db) else { return false }
      try Self.giveBack(delivered, redelivered: false, db)
      return true
    }
  }

  public func renew(_ batches: [String]) async throws(BridgeError) {
    let lease = SQL.offset(timing.lease)
    try await write(.never, outliving: .processes) { db in
      let statement = try db.cachedStatement(sql: "UPDATE deliveries SET expires_at = \(SQL.later) WHERE batch = ?")
      for batch in batches { try statement.execute(arguments: [lease, batch]) }
    }
  }

  @discardableResult
  public func recoverExpired() async throws(BridgeError) -> Int {
    try await visit { open in try read(open, Self.hasExpired) ? recoverExpired(open) : 0 }
  }

  /// The same during a visit, without looking first whether there are any.
  @discardableResult
  func recoverExpired(_ open: Connections.Open) throws -> Int {
    try write(open, .when(\.isPositive), outliving: .processes) { db in
      let batches = try Self.expired(db)
      for batch in batches {
        guard let delivered = try Self.removeLease(batch, db) else { continue }
        try Self.giveBack(delivered, redelivered: true, db)
      }
      return batches.count
    }
  }

  static func hasExpired(_ db: Database) throws -> Bool { try !expired(db).isEmpty }

  /// The leases that have run out, and those whose owner is known to be dead.
  private static func expired(_ db: Database) throws -> [String] {
    let rows = try Row.fetchAll(
      db.cachedStatement(sql: "SELECT batch, process, expires_at < \(SQL.now) AS expired FROM deliveries"))
    return rows.filter { row in
      row.flag("expired") || row.text("process").flatMap(ProcessIdentity.init(encoded:))?.isKnownDead == true
    }.map { $0["batch"] }
  }

  /// Nil when the lease is gone.
  private static func removeLease(_ batch: String, _ db: Database) throws -> Delivered? {
    try String.fetchOne(
      db.cachedStatement(sql: "DELETE FROM deliveries WHERE batch = ? RETURNING items"), arguments: [batch]
    ).map { try Delivered(encoded: $0) }
  }

  private static func giveBack(_ delivered: Delivered, redelivered: Bool, _ db: Database) throws {
    let byID = try db.cachedStatement(sql: "UPDATE messages SET read = 0 WHERE id = ?")
    let byRow = try db.cachedStatement(sql: "UPDATE messages SET read = 0 WHERE rowid = ? AND hex(id) = ?")
    let mark = try db.cachedStatement(
      sql: """
        INSERT INTO message_details (message_id, redelivered) VALUES (?, 1)
        ON CONFLICT (message_id) DO UPDATE SET redelivered = 1, read_at = NULL
        """)
    for message in delivered.messages {
      guard let id = message.id else {
        try byRow.execute(arguments: [message.row, message.bytes])
        continue
      }
      try byID.execute(arguments: [id])
      if redelivered { try mark.execute(arguments: [id]) }
    }
    for news in delivered.tasks { try news.setUnseen(true, db) }
  }
}

extension Int {
  fileprivate var isPositive: Bool { self > 0 }
}
