import Bridge
import GRDB

/// The text index is filled beside the verbs, in portions: neither a message that is sent nor a row that is written by hand waits for it, and
/// a search needs no more than it holds. Searches look at the rows that it does not hold yet themselves.
enum TextIndex {
  /// What one transaction puts into the index, in rows and in bytes: other writers wait no longer than for these, some 10 ms.
  private static let portion = (rows: 250, bytes: 500_000)

  /// The number of the last row that the index holds; 0 where it holds none, or other rows than it says.
  static func lastRow(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(
      db.cachedStatement(
        sql: "SELECT s.last_row FROM message_index_state s JOIN messages m ON m.rowid = s.last_row AND m.id IS s.last_id")) ?? 0
  }

  /// How many rows have come since, at most.
  static func rowsBehind(_ db: Database) throws -> Int64 {
    try (Int64.fetchOne(db.cachedStatement(sql: "SELECT MAX(rowid) FROM messages")) ?? 0) - lastRow(db)
  }

  /// Puts the next rows into the index.
  ///
  /// - Returns: whether there were any.
  static func addPortion(_ db: Database) throws -> Bool {
    let last = try lastRow(db)
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: "SELECT rowid, length(CAST(content AS BLOB)) FROM messages WHERE rowid > ? ORDER BY rowid LIMIT ?"),
      arguments: [last, portion.rows])
    var (end, bytes) = (last, 0)
    while bytes < portion.bytes, let row = try rows.next() {
      end = row[0]
      bytes += row[1] as Int? ?? 0
    }
    guard end > last else { return false }
    if last == 0 { try db.execute(sql: "INSERT INTO message_index (message_index) VALUES ('delete-all')") }
    try db.cachedStatement(
      sql: "INSERT INTO message_index (rowid, content) SELECT rowid, content FROM messages WHERE rowid > ? AND rowid <= ?"
    ).execute(arguments: [last, end])
    try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO message_index_state (only, last_row, last_id) SELECT 1, rowid, id FROM messages WHERE rowid = ?"
    ).execute(arguments: [end])
    return true
  }

  /// Takes everything out of the index, since it cannot be told what exactly it holds of single rows. It is filled again in portions.
  static func empty(_ db: Database) throws {
    guard try lastRow(db) > 0 else { return }
    try db.execute(sql: "INSERT INTO message_index (message_index) VALUES ('delete-all')")
    try db.execute(sql: "UPDATE message_index_state SET last_row = 0, last_id = NULL")
  }
}
