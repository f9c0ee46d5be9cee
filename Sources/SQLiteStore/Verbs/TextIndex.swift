import Bridge
import GRDB

extension SQLiteStore {
  /// Rows that one transaction puts into the text index: other writers wait no longer than for these.
  private static let portion = 2_000

  /// Puts the messages that came since the last time into the text index.
  func bringIndexUpToDate() async throws(BridgeError) {
    while true {
      guard try await read({ try Self.indexIsBehind($0) }) else { return }
      try await write(.never) { db in
        var last = try Self.lastIndexed(db)
        if try last > 0 && !Self.lastIndexedIsThere(db) {
          try db.execute(sql: "INSERT INTO message_index (message_index) VALUES ('delete-all')")
          last = 0
        }
        let end = try Int64.fetchOne(
          db, sql: "SELECT MAX(rowid) FROM (SELECT rowid FROM messages WHERE rowid > ? ORDER BY rowid LIMIT ?)",
          arguments: [last, Self.portion])
        guard let end else { return }
        try db.execute(
          sql: "INSERT INTO message_index (rowid, content) SELECT rowid, content FROM messages WHERE rowid > ? AND rowid <= ?",
          arguments: [last, end])
        try db.execute(
          sql: "INSERT OR REPLACE INTO message_index_state (only, last_row, last_id) SELECT 1, rowid, id FROM messages WHERE rowid = ?",
          arguments: [end])
      }
    }
  }

  private static func indexIsBehind(_ db: Database) throws -> Bool {
    let last = try lastIndexed(db)
    let newest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT MAX(rowid) FROM messages")) ?? 0
    if newest > last { return true }
    return try last > 0 && newest > 0 && !lastIndexedIsThere(db)
  }

  private static func lastIndexed(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db.cachedStatement(sql: "SELECT last_row FROM message_index_state")) ?? 0
  }

  /// False when rows were deleted so that later ones took their numbers.
  private static func lastIndexedIsThere(_ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(
        sql: "SELECT EXISTS (SELECT 1 FROM messages m JOIN message_index_state s ON m.rowid = s.last_row AND m.id IS s.last_id)")) ?? false
  }
}
