import GRDB

/// What a committed transaction outlives. Whatever ends, the order of transactions is kept, and none is there by half.
enum Endurance {
  /// The end of the operating system or a power cut: the commit waits until it is on disk.
  ///
  /// For all that was accepted from somebody.
  case powerCuts
  /// The end of this process. Only where there is a write-ahead log: other journals may damage the file without waiting for the disk.
  ///
  /// For what nobody loses: a mark as read that is undone by a power cut gives the message back.
  case processes

  /// Carries out a body, whose transactions endure as much.
  ///
  /// - Parameter db: outside a transaction, within which SQLite does not let the level be changed.
  func during<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
    // Not by a prepared statement: the pragma works when it is prepared. Also for those that endure more, so that they depend on nobody else.
    try db.execute(sql: "PRAGMA synchronous = FULL")
    guard self == .processes, try String.fetchOne(db.cachedStatement(sql: "PRAGMA journal_mode")) == "wal" else { return try body() }
    // With a log in use by this connection, nobody can choose another journal.
    try db.execute(sql: "PRAGMA synchronous = NORMAL")
    defer { try? db.execute(sql: "PRAGMA synchronous = FULL") }
    return try body()
  }
}
