import Bridge
import GRDB
import SystemSupport

/// Fills the text index in portions, independently of the verbs: neither sending nor a hand-written row waits for it. Searches scan the rows
/// that are not indexed yet.
enum TextIndex {
  /// The rows and bytes that are indexed at a time.
  private static let portion = (rows: 50, bytes: 100_000)
  /// How many rows may be missing in the index.
  private static let worthwhileRows = 200

  /// The number of the last indexed row; 0 if there is none, or if rows got other numbers (VACUUM) so that the index is to be rebuilt.
  static func lastRow(_ db: Database) throws -> Int64 {
    try db.value("SELECT s.last_row FROM message_terms_state s JOIN messages m ON m.rowid = s.last_row AND m.id IS s.last_id") ?? 0
  }

  /// How many rows are not indexed, at most.
  static func rowsBehind(_ db: Database) throws -> Int64 { try (db.value("SELECT MAX(rowid) FROM messages") ?? 0) - lastRow(db) }

  /// Whether there is enough to be done for a transaction. What was removed must not stay in the index.
  static func isBehind(_ db: Database) throws -> Bool { try db.exists("message_terms_stale") || rowsBehind(db) >= worthwhileRows }

  /// Removes what is stale from the index, then adds the next rows.
  ///
  /// - Returns: whether there was anything.
  static func addPortion(_ db: Database) throws -> Bool {
    let start = try lastRow(db)
    if start == 0 {
      try db.run("INSERT INTO message_terms (message_terms) VALUES ('delete-all')")
      try db.run("DELETE FROM message_terms_stale")
    }
    var (last, rows, bytes) = (start, 0, 0)
    func isFull() -> Bool { rows >= portion.rows || bytes >= portion.bytes }
    func put(_ content: String?, _ row: Int64, removing: Bool = false) throws {
      rows += 1
      bytes += content?.utf8.count ?? 0
      guard let terms = content.map(SearchQuery.terms), !terms.isEmpty else { return }
      try db.run(
        "INSERT INTO message_terms (\(removing ? "message_terms, " : "")rowid, terms) VALUES (\(removing ? "'delete', " : "")?, ?)",
        [row, terms.joined(separator: " ")])
    }
    while !isFull(), let stale = try db.row("SELECT row, content FROM message_terms_stale ORDER BY row LIMIT 1") {
      let row: Int64 = stale["row"]
      try put(stale.text("content"), row, removing: true)
      try db.run("DELETE FROM message_terms_stale WHERE row = ?", [row])
      // A content that was changed.
      if row <= start, let message = try db.row("SELECT content FROM messages WHERE rowid = ?", [row]) {
        try put(message.text("content"), row)
      }
    }
    while !isFull(), let message = try db.row("SELECT rowid AS row, content FROM messages WHERE rowid > ? ORDER BY rowid LIMIT 1", [last]) {
      last = message["row"]
      try put(message.text("content"), last)
    }
    if last > start {
      try db.run(
        "INSERT OR REPLACE INTO message_terms_state (only, last_row, last_id) SELECT 1, rowid, id FROM messages WHERE rowid = ?", [last])
    }
    return rows > 0
  }
}

extension SQLiteStore {
  /// Adds to the text index in the background.
  func indexLater() {
    Task { [weak self] in await self?.index() }
  }

  /// Adds the missing rows to the text index, in portions. If another process is indexing or this fails, a later call does it.
  func index() async {
    guard !isIndexing.exchange(true, ordering: .acquiringAndReleasing) else { return }
    defer { isIndexing.store(false, ordering: .releasing) }
    let file = SidecarFiles.upkeep(of: connections.path)
    do {
      var remains = try await read(TextIndex.isBehind)
      defer { bystanders.rest() }
      while remains {
        remains = try await writePortion(isInBackground: true) { db, portion in
          try FileDescriptor.withLock(file, of: connections.path) { _ in
            repeat { guard try TextIndex.addPortion(db) else { return false } } while !portion.isOver
            return true
          } ?? false
        }
      }
    } catch {
      logger.debug("indexing postponed", metadata: ["error": "\(error)"])
    }
  }
}
