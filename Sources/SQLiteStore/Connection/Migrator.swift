import Bridge
import Foundation
import GRDB
import Logging
import Schema

/// Migrates a database file to this program's schema. Migrations only add, so another implementation of the bridge can still use the file.
enum Migrator {
  static let newest = Schema.sqlite.map(\.version).max() ?? 0

  static func migrate(_ writer: DatabaseQueue, path: String, logger: Logger) throws {
    if try writer.read({ try version($0) }) == newest { return }
    try useIncrementalVacuum(writer)
    try useWriteAheadLog(writer, logger: logger)
    try writer.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        let present = try version(db)
        guard present <= newest else {
          throw BridgeError.storeTooNew("The database \(path)", version: present, newest: newest)
        }
        do {
          try migrate(db, from: present, logger: logger)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
          throw foreignTables(path, error)
        }
        return .commit
      }
    }
  }

  private static func migrate(_ db: Database, from present: Int, logger: Logger? = nil) throws {
    try db.execute(sql: "CREATE TABLE IF NOT EXISTS bridge_schema (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)")
    for migration in Schema.sqlite where migration.version > present {
      if migration.version == 1 { try addMissingColumns(db) }
      try db.execute(sql: migration.sql)
      try db.execute(sql: "INSERT INTO bridge_schema VALUES (?, \(SQL.now))", arguments: [migration.version])
      logger?.info("applied schema", metadata: ["version": "\(migration.version)", "name": "\(migration.name)"])
    }
    _ = try db.row("SELECT m.rowid, t.rowid FROM messages m, tasks t LIMIT 0")
  }

  private static func foreignTables(_ path: String, _ error: DatabaseError) -> BridgeError {
    BridgeError(
      .storeUnavailable,
      "The database \(path) has something of another program in the place of this one's (\(error.message ?? "\(error)")): rename that there, or "
        + "name another file with --database-url.")
  }

  /// Tries the migrations on a copy of the tables, without their rows.
  ///
  /// - Throws: what migrating the file itself would throw because of what it holds.
  static func rehearse(on db: Database, path: String) throws {
    let present = try version(db)
    let statements = try String.fetchAll(db, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    let copy = try DatabaseQueue()
    defer { try? copy.close() }
    try copy.writeWithoutTransaction { copy in
      // Those that belong to a virtual table come with it.
      for statement in statements { try? copy.execute(sql: statement) }
      do { try migrate(copy, from: present) } catch let error as DatabaseError { throw foreignTables(path, error) }
    }
  }

  /// 0 for a file that this program has never opened.
  private static func version(_ db: Database) throws -> Int {
    guard try tableExists("bridge_schema", db) else { return 0 }
    return try db.value("SELECT MAX(version) FROM bridge_schema") ?? 0
  }

  /// Queries the file, because GRDB caches the schema and another process may have created the table since.
  static func tableExists(_ name: String, _ db: Database) throws -> Bool {
    try db.exists("sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", [name])
  }

  private static func addMissingColumns(_ db: Database) throws {
    guard try tableExists("tasks", db) else { return }
    let present = try String.fetchAll(db, sql: "SELECT lower(name) FROM pragma_table_info('tasks')")
    for column in ["updated_at", "result"] where !present.contains(column) {
      try db.execute(sql: "ALTER TABLE tasks ADD COLUMN \(column) TEXT")
    }
  }

  /// Lets a new file shrink without a rewrite. An existing file cannot be changed to this mode without one.
  private static func useIncrementalVacuum(_ writer: DatabaseQueue) throws {
    try writer.writeWithoutTransaction { db in
      guard try Int.fetchOne(db, sql: "PRAGMA page_count") == 0 else { return }
      try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
    }
  }

  /// Once, when this program first opens a file: a journal mode that a person sets later is kept. A file system without shared memory
  /// refuses WAL, and the file works without it.
  private static func useWriteAheadLog(_ writer: DatabaseQueue, logger: Logger) throws {
    try writer.writeWithoutTransaction { db in
      guard try version(db) == 0 else { return }
      for _ in 0..<200 {
        do {
          let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
          if mode != "wal" { logger.notice("the write-ahead log is not available here", metadata: ["journal_mode": "\(mode ?? "")"]) }
          return
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
          // SQLite does not wait here; another process is changing the mode or writing.
          guard try String.fetchOne(db, sql: "PRAGMA journal_mode") != "wal" else { return }
          _ = try? Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master")
          Thread.sleep(forTimeInterval: 0.01)
        }
      }
    }
  }
}
