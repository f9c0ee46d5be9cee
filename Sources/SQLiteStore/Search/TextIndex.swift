import Bridge
import GRDB
import SystemSupport

/// Fills the text index in portions, independently of the verbs: neither sending nor a hand-written row waits for it. Searches scan the rows
/// that are not indexed yet.
enum TextIndex {
  /// The rows and bytes that one transaction indexes: other writers wait about 10 ms for them.
  private static let portion = (rows: 250, bytes: 500_000)

  /// The number of the last indexed row; 0 if there is none, or if the index does not match the table.
  static func lastRow(_ db: Database) throws -> Int64 {
    try db.value("SELECT s.last_row FROM message_index_state s JOIN messages m ON m.rowid = s.last_row AND m.id IS s.last_id") ?? 0
  }

  /// The number of rows that are not indexed, at most.
  static func rowsBehind(_ db: Database) throws -> Int64 { try (db.value("SELECT MAX(rowid) FROM messages") ?? 0) - lastRow(db) }

  /// Indexes the next rows.
  ///
  /// - Returns: whether there were any.
  static func addPortion(_ db: Database) throws -> Bool {
    let last = try lastRow(db)
    let rows = try db.rows(
      "SELECT rowid, length(CAST(content AS BLOB)) FROM messages WHERE rowid > ? ORDER BY rowid LIMIT ?", [last, portion.rows])
    var (end, bytes) = (last, 0)
    while bytes < portion.bytes, let row = try rows.next() {
      end = row[0]
      bytes += row[1] as Int? ?? 0
    }
    guard end > last else { return false }
    if last == 0 { try db.run("INSERT INTO message_index (message_index) VALUES ('delete-all')") }
    try db.run(
      "INSERT INTO message_index (rowid, content) SELECT rowid, content FROM messages WHERE rowid > ? AND rowid <= ?", [last, end])
    try db.run(
      "INSERT OR REPLACE INTO message_index_state (only, last_row, last_id) SELECT 1, rowid, id FROM messages WHERE rowid = ?", [end])
    return true
  }

  /// Empties the index, because single rows cannot be removed without knowing their indexed text. It is filled again in portions.
  static func empty(_ db: Database) throws {
    guard try lastRow(db) > 0 else { return }
    try db.run("INSERT INTO message_index (message_index) VALUES ('delete-all')")
    try db.run("UPDATE message_index_state SET last_row = 0, last_id = NULL")
  }
}

extension SQLiteStore {
  /// How many rows may be missing in the text index.
  private static let rowsBehind = 200

  /// Adds to the text index in the background.
  func indexLater() {
    Task { [weak self] in await self?.index() }
  }

  /// Adds the missing rows to the text index, in portions, with pauses as long as each portion took. If another process is indexing or this
  /// fails, a later call does it.
  func index() async {
    guard !isIndexing.exchange(true, ordering: .acquiringAndReleasing) else { return }
    defer { isIndexing.store(false, ordering: .releasing) }
    let file = SidecarFiles.upkeep(of: connections.path)
    do {
      var remains = try await read { try TextIndex.rowsBehind($0) >= Self.rowsBehind }
      while remains {
        let start = ContinuousClock.now
        remains = try await write(durable: false) { db in
          try FileDescriptor.withLock(file, waits: false) { _ in try TextIndex.addPortion(db) } ?? false
        }
        try await Task.sleep(for: ContinuousClock.now - start)
      }
    } catch {
      logger.debug("indexing postponed", metadata: ["error": "\(error)"])
    }
  }
}
