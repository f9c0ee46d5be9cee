import GRDB
import GRDBSQLite
import Logging
import Synchronization

/// Writes the write-ahead log back into the database.
///
/// SQLite itself does not do it after a commit: before 3.51.3, two checkpoints in a row beside a commit can corrupt the database. Ours come
/// after the reply, in one process at a time, at intervals, and while no commit is possible.
struct Checkpoints: Sendable {
  /// When a checkpoint is due. The defaults are the documented ones; tests set others.
  struct Schedule: Sendable {
    /// Pages of the log, of 4 KiB each.
    var pages = 2_000
    /// Seconds between two checkpoints of all processes.
    var spacing = 1.0
  }

  let schedule: Schedule
  let size: WriteAheadLogSize
  let file: UpkeepFile
  let logger: Logger

  var isDue: Bool { size.pages >= schedule.pages }

  /// Makes a checkpoint if it is due and no other process makes one or has just made one.
  ///
  /// - Parameter db: a connection outside a transaction. Its busy timeout is set to `busyTimeout` afterwards.
  func makeIfDue(_ db: Database, busyTimeout: Duration) {
    guard isDue else { return }
    file.ifFree { held in
      guard held.secondsSinceCheckpoint >= schedule.spacing else { return }
      do {
        // The checkpoint holds the writers' lock: it must not wait longer for a writer or an old reader.
        try db.execute(sql: "PRAGMA busy_timeout = 50")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = \(Int(busyTimeout.inSeconds * 1000))") }
        let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(FULL)")
        logger.debug("checkpoint", metadata: ["pages": "\(row?[1] as Int? ?? 0)", "written": "\(row?[2] as Int? ?? 0)"])
        size.pages = 0
      } catch {
        logger.debug("checkpoint postponed", metadata: ["error": "\(error)"])
      }
      held.noteCheckpoint()
    }
  }
}

/// How many pages the write-ahead log held after the last commit of this process.
final class WriteAheadLogSize: Sendable {
  private let value = Atomic(0)

  var pages: Int {
    get { value.load(ordering: .relaxed) }
    set { value.store(newValue, ordering: .relaxed) }
  }

  /// SQLite then makes no checkpoints after commits of this connection. The size must live as long as the connection.
  func watch(_ db: Database) {
    sqlite3_wal_hook(
      db.sqliteConnection,
      { size, _, _, pages in
        size.map { Unmanaged<WriteAheadLogSize>.fromOpaque($0).takeUnretainedValue().pages = Int(pages) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}

/// SQLite before 3.51.3 has a very rare fault: two successive checkpoints during a commit can reset the write-ahead log too early.
enum WriteAheadLogFault {
  /// Whether a version of SQLite, such as `3.40.1`, has it.
  static func isIn(_ version: String) -> Bool {
    let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
    return numbers.lexicographicallyPrecedes([3, 51, 3])
  }

  static func report(_ db: Database, logger: Logger) throws {
    guard let version = try String.fetchOne(db, sql: "SELECT sqlite_version()"), isIn(version) else { return }
    logger.info("SQLite \(version) has a very rare fault in its write-ahead log, fixed in 3.51.3: update SQLite if you can.")
  }
}
