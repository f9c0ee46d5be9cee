import GRDB
import GRDBSQLite
import Logging
import Synchronization
import SystemSupport

/// Writes the write-ahead log back into the database.
///
/// SQLite itself does not do it after a commit: before 3.51.3, two checkpoints in a row beside a commit can corrupt the database. Ours come
/// after the reply, in one process at a time, at intervals, and while no commit is possible.
final class Checkpoints: Sendable {
  /// When a checkpoint is due. The defaults are the documented ones; tests set others.
  struct Schedule: Sendable {
    /// Pages of the log, of 4 KiB each.
    var pages = 2_000
    /// Seconds between two checkpoints of all processes.
    var spacing = 1.0
  }

  private let schedule: Schedule
  private let file: String
  private let logger: Logger
  /// How many pages the log held after the last commit of this process.
  private let pages = Atomic(0)

  init(schedule: Schedule, file: String, logger: Logger) {
    (self.schedule, self.file, self.logger) = (schedule, file, logger)
  }

  /// SQLite then makes no checkpoints after commits of this connection, which this object must outlive.
  func watch(_ db: Database) {
    sqlite3_wal_hook(
      db.sqliteConnection,
      { object, _, _, pages in
        object.map { Unmanaged<Checkpoints>.fromOpaque($0).takeUnretainedValue().pages.store(Int(pages), ordering: .relaxed) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  var isDue: Bool { pages.load(ordering: .relaxed) >= schedule.pages }

  /// Makes a checkpoint if it is due and no other process makes one or has just made one.
  ///
  /// - Parameter db: a connection outside a transaction. Its busy timeout is set to `busyTimeout` afterwards.
  func makeIfDue(_ db: Database, busyTimeout: Duration) {
    guard isDue else { return }
    FileDescriptor.withLock(file, waits: false) { file in
      // Nil before the first checkpoint, and below zero after the clock was set back.
      if let seconds = file.secondsSinceModification, seconds >= 0, seconds < schedule.spacing { return }
      do {
        // The checkpoint holds the writers' lock: it must not wait longer for a writer or an old reader.
        try db.execute(sql: "PRAGMA busy_timeout = 50")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = \(Int(busyTimeout.inSeconds * 1000))") }
        let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(FULL)")
        logger.debug("checkpoint", metadata: ["pages": "\(row?[1] as Int? ?? 0)", "written": "\(row?[2] as Int? ?? 0)"])
        pages.store(0, ordering: .relaxed)
      } catch {
        logger.debug("checkpoint postponed", metadata: ["error": "\(error)"])
      }
      file.touch()
    }
  }
}

/// SQLite before 3.51.3 has a very rare fault: two successive checkpoints during a commit can reset the write-ahead log too early.
enum WriteAheadLogFault {
  /// Whether a version of SQLite, such as `3.40.1`, has it.
  static func isIn(_ version: String) -> Bool {
    let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
    return numbers.lexicographicallyPrecedes([3, 51, 3])
  }

  /// The version of SQLite that this program uses.
  static var version: String { String(cString: sqlite3_libversion()) }

  static func report(_ logger: Logger) {
    guard isIn(version) else { return }
    logger.info("SQLite \(version) has a very rare fault in its write-ahead log, fixed in 3.51.3: update SQLite if you can.")
  }
}
