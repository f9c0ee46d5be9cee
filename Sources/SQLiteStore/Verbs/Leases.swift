import Bridge
import GRDB

/// Rows that a reply tells: messages, and tasks whose news it tells.
struct ToldRows {
  var messages: [Int64] = []
  var tasks: [Int64] = []
}

/// Statements about the items of leases.
private enum LeaseItems {
  /// The message or task of an item: by its id, since rows may get other numbers; by its number if the id is NULL.
  private static func join(_ table: String) -> String {
    "lease_items i CROSS JOIN \(table) x ON x.id = i.id OR (i.id IS NULL AND x.id IS NULL AND x.rowid = i.row)"
  }

  static func messages(where condition: String) -> String {
    "SELECT x.rowid FROM \(join("messages")) WHERE i.kind = 'message' AND \(condition)"
  }

  static let tasks = "SELECT x.rowid AS row, i.kind FROM \(join("tasks")) WHERE i.kind <> 'message'"

  static func ids(of kind: String) -> String { "SELECT id FROM lease_items WHERE lease = ? AND kind = '\(kind)' AND id IS NOT NULL" }
}

/// All rows under a lease.
struct LeasedRows {
  let messages: Set<Int64>
  /// The sides of tasks whose news was taken.
  let tasks: [Int64: Set<TaskRole>]

  init(_ db: Database) throws {
    messages = try Int64.fetchSet(db, sql: LeaseItems.messages(where: "true"))
    var tasks = [Int64: Set<TaskRole>]()
    for row in try Row.fetchAll(db, sql: LeaseItems.tasks) {
      if let side = TaskRole(rawValue: row["kind"]) { tasks[row["row"], default: []].insert(side) }
    }
    self.tasks = tasks
  }
}

extension SQLiteStore {
  /// Takes rows for an instance: messages become read, and news is cleared.
  ///
  /// - Returns: the lease's id.
  static func lease(_ rows: ToldRows, to instance: Instance, for duration: String, _ db: Database) throws -> String {
    let lease = UniqueID.make()
    try db.cachedStatement(sql: "INSERT INTO leases (id, agent, instance, process, expires_at) VALUES (?, ?, ?, ?, \(SQL.later))")
      .execute(arguments: [lease, instance.agent.name, instance.id, instance.process.encoded, duration])
    if !rows.messages.isEmpty {
      let add = try db.cachedStatement(
        sql: "INSERT INTO lease_items (lease, kind, row, id) SELECT ?, 'message', rowid, id FROM messages WHERE rowid = ?")
      for row in rows.messages { try add.execute(arguments: [lease, row]) }
      try db.cachedStatement(
        sql: "UPDATE messages SET read = 1 WHERE rowid IN (SELECT row FROM lease_items WHERE lease = ? AND kind = 'message')"
      ).execute(arguments: [lease])
    }
    if !rows.tasks.isEmpty {
      let add = try db.cachedStatement(
        sql: "INSERT INTO lease_items (lease, kind, row, id) SELECT ?2, side, row, id FROM (\(TaskNews.all)) WHERE row = ?3")
      for row in rows.tasks { try add.execute(arguments: [instance.agent.name, lease, row]) }
      try setNews(false, of: lease, db)
    }
    return lease
  }

  private static func setNews(_ isNews: Bool, of lease: String, _ db: Database) throws {
    for side in TaskRole.allCases {
      try db.cachedStatement(
        sql: "UPDATE task_details SET \(side)_news = ? WHERE task_id IN (\(LeaseItems.ids(of: side.rawValue)))"
      ).execute(arguments: [isNews, lease])
    }
  }

  public func confirm(_ lease: String) async throws(BridgeError) {
    try await write(.never, outliving: .processes) { db in
      try db.cachedStatement(
        sql: """
          INSERT INTO message_details (message_id, read_at)
          SELECT id, \(SQL.now) FROM (\(LeaseItems.ids(of: "message"))) WHERE true
          ON CONFLICT (message_id) DO UPDATE SET read_at = excluded.read_at
          """
      ).execute(arguments: [lease])
      try Self.end(lease, db)
    }
  }

  public func undo(_ lease: String) async throws(BridgeError) {
    _ = try await write(.when(\.self), outliving: .processes) { try Self.giveBack(lease, redelivered: false, $0) }
  }

  public func renew(_ leases: [String]) async throws(BridgeError) {
    let duration = SQL.offset(timing.lease)
    try await write(.never, outliving: .processes) { db in
      let statement = try db.cachedStatement(sql: "UPDATE leases SET expires_at = \(SQL.later) WHERE id = ?")
      for lease in leases { try statement.execute(arguments: [duration, lease]) }
    }
  }

  @discardableResult
  public func recoverExpired() async throws(BridgeError) -> Int {
    try await visit { open in try read(open, Self.hasExpired) ? recoverExpired(open) : 0 }
  }

  /// The same during a visit, without checking first whether there are any.
  @discardableResult
  func recoverExpired(_ open: Connections.Open) throws -> Int {
    try write(open, .when(\.isPositive), outliving: .processes) { db in
      try Self.expired(db).count { try Self.giveBack($0, redelivered: true, db) }
    }
  }

  static func hasExpired(_ db: Database) throws -> Bool { try !expired(db).isEmpty }

  private static func expired(_ db: Database) throws -> [String] {
    try Row.fetchAll(db.cachedStatement(sql: "SELECT id, process, expires_at < \(SQL.now) AS expired FROM leases"))
      .filter { Presence.isOver($0.text("process"), expired: $0.flag("expired")) }
      .map { $0["id"] }
  }

  /// - Returns: false if there was no such lease.
  @discardableResult
  private static func end(_ lease: String, _ db: Database) throws -> Bool {
    try db.cachedStatement(sql: "DELETE FROM leases WHERE id = ?").execute(arguments: [lease])
    return db.changesCount > 0
  }

  private static func giveBack(_ lease: String, redelivered: Bool, _ db: Database) throws -> Bool {
    try db.cachedStatement(
      sql: "UPDATE messages SET read = 0 WHERE rowid IN (\(LeaseItems.messages(where: "i.lease = ?")))"
    ).execute(arguments: [lease])
    if redelivered {
      try db.cachedStatement(
        sql: """
          INSERT INTO message_details (message_id, redelivered) SELECT id, 1 FROM (\(LeaseItems.ids(of: "message"))) WHERE true
          ON CONFLICT (message_id) DO UPDATE SET redelivered = 1, read_at = NULL
          """
      ).execute(arguments: [lease])
    }
    try setNews(true, of: lease, db)
    return try end(lease, db)
  }
}

extension Int {
  fileprivate var isPositive: Bool { self > 0 }
}
