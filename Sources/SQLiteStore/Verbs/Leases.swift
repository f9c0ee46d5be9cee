import Bridge
import GRDB

/// Statements about the items of leases.
enum LeaseItems {
  /// The numbers of the leased rows of a table: by id, since rows may get other numbers; by number if the id is NULL.
  static func rows(of table: String, where condition: String) -> String {
    """
    SELECT x.rowid FROM lease_items i CROSS JOIN \(table) x ON x.id = i.id OR (i.id IS NULL AND x.id IS NULL AND x.rowid = i.row)
    WHERE \(condition)
    """
  }

  fileprivate static func ids(of kind: LeaseItem) -> String {
    "SELECT id FROM lease_items WHERE lease = ? AND kind = '\(kind.rawValue)' AND id IS NOT NULL"
  }
}

extension SQLiteStore {
  /// Takes the rows that a reply tells for an instance: messages become read, and the news of tasks is cleared.
  ///
  /// - Returns: the lease's id.
  static func lease(
    messages: [Int64] = [], tasks: [Int64], to instance: Instance, _ viewer: ViewerParameter, for duration: String, _ db: Database
  ) throws -> String {
    let lease = UniqueID.make()
    try begin(lease, of: instance, for: duration, db)
    for row in messages {
      try db.run(
        "INSERT INTO lease_items (lease, kind, row, id) SELECT ?, 'message', rowid, id FROM messages WHERE rowid = ?", [lease, row])
      try db.run("UPDATE messages SET read = 1 WHERE rowid = ?", [row])
    }
    for row in tasks { for item in TaskNews.items { try db.run(item, [instance.agent.name, viewer.text, lease, row]) } }
    if !tasks.isEmpty { try setNews(false, of: lease, db) }
    return lease
  }

  private static func begin(_ lease: String, of instance: Instance, for duration: String, _ db: Database) throws {
    try db.run(
      "INSERT INTO leases (id, agent, instance, process, expires_at) VALUES (?, ?, ?, ?, \(SQL.later))",
      [lease, instance.agent.name, instance.id, instance.process.encoded, duration])
  }

  /// Keeps the reply to a message for a call.
  static func reserve(replyTo message: String, _ reservation: ReplyReservation, for duration: String, _ db: Database) throws {
    try begin(reservation.lease, of: reservation.instance, for: duration, db)
    try db.run("INSERT INTO lease_items (lease, kind, row, id) VALUES (?, 'reply', 0, ?)", [reservation.lease, message])
  }

  private static func setNews(_ isNews: Bool, of lease: some DatabaseValueConvertible, _ db: Database) throws {
    for side in [LeaseItem.assigneeNews, .creatorNews] {
      try db.run("UPDATE task_details SET \(side.rawValue)_news = ? WHERE task_id IN (\(LeaseItems.ids(of: side)))", [isNews, lease])
    }
  }

  public func confirm(_ lease: String) async throws(BridgeError) {
    try await write(durable: false) { db in
      try db.run(
        """
        INSERT INTO message_details (message_id, read_at)
        SELECT id, \(SQL.now) FROM (\(LeaseItems.ids(of: .message))) WHERE true
        ON CONFLICT (message_id) DO UPDATE SET read_at = excluded.read_at, kept_for = NULL, expiries = 0
        """, [lease])
      try Self.end(lease, db)
    }
  }

  public func undo(_ lease: String) async throws(BridgeError) {
    _ = try await write(durable: false, wakes: \.self) { try Self.giveBack(lease, redelivered: false, $0) }
  }

  public func renew(_ leases: [String]) async throws(BridgeError) {
    let duration = SQL.offset(timing.lease)
    try await write(durable: false, settles: false) { db in
      for lease in leases { try db.run("UPDATE leases SET expires_at = \(SQL.later) WHERE id = ?", [duration, lease]) }
    }
  }

  @discardableResult
  public func recoverExpired() async throws(BridgeError) -> Int {
    try await visit { open in try glance(open, Self.hasExpired) ? recoverExpired(open) : 0 }
  }

  /// The same during a visit, without checking first whether there are any.
  @discardableResult
  func recoverExpired(_ open: Connections.Open) throws -> Int {
    try write(open, durable: false, wakes: \.isAny) { db in
      let count = try Self.expired(db).count { try Self.giveBack($0, redelivered: true, db) }
      return (count: count, isAny: count > 0)
    }.count
  }

  static func hasExpired(_ db: Database) throws -> Bool { try !expired(db).isEmpty }

  /// Their ids, of whatever type.
  private static func expired(_ db: Database) throws -> [DatabaseValue] {
    let leases = try db.rows("SELECT id, process, \(SQL.hasExpired) AS expired FROM leases")
    return try Array(leases.filter { Presence.isOver($0.text("process"), expired: $0.flag("expired")) }.map { $0["id"] })
  }

  /// - Returns: false if there was no such lease.
  @discardableResult
  private static func end(_ lease: some DatabaseValueConvertible, _ db: Database) throws -> Bool {
    try db.run("DELETE FROM leases WHERE id = ?", [lease])
    return db.changesCount > 0
  }

  private static func giveBack(_ lease: some DatabaseValueConvertible, redelivered: Bool, _ db: Database) throws -> Bool {
    let messages = LeaseItems.rows(of: "messages", where: "i.kind = 'message' AND i.lease = ?")
    try db.run("UPDATE messages SET read = 0 WHERE rowid IN (\(messages))", [lease])
    if redelivered {
      try db.run(
        """
        INSERT INTO message_details (message_id, redelivered, expiries)
        SELECT id, 1, 1 FROM (\(LeaseItems.ids(of: .message))) WHERE true
        ON CONFLICT (message_id) DO UPDATE SET redelivered = 1, expiries = expiries + 1, read_at = NULL
        """, [lease])
    }
    try setNews(true, of: lease, db)
    return try end(lease, db)
  }
}
