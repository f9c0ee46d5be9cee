import GRDB
import Logging

/// When the write-ahead log is written back into the database.
///
/// Not by SQLite itself after a commit: SQLite before 3.51.3 has a fault where two checkpoints in a row meet a commit. Ours come after the
/// reply, one process at a time, with a distance, and while no commit is possible.
struct Checkpoints: Sendable {
  /// When a checkpoint is due. The defaults are the documented ones; tests set others.
  struct Schedule: Sendable {
    /// Pages of the log; one has 4 KiB.
    var pages = 2_000
    /// Seconds between two checkpoints of all processes.
    var spacing = 1.0
  }

  let schedule: Schedule
  let size: WriteAheadLogSize
  let file: UpkeepFile
  let logger: Logger

  var isDue: Bool { size.pages >= schedule.pages }

  /// Makes a checkpoint if it is due, and no other process is at it or has just been.
  ///
  /// - Parameter db: a connection outside a transaction. Its busy timeout is set to `busyTimeout` afterwards.
  func makeIfDue(_ db: Database, busyTimeout: Duration) {
    guard isDue else { return }
    file.ifFree { held in
      guard held.secondsSinceCheckpoint >= schedule.spacing else { return }
      do {
        // The lock of writers is held meanwhile: neither a writer nor an old reader is worth waiting for longer than this.
        try db.execute(sql: "PRAGMA busy_timeout = 50")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = \(Int(busyTimeout.inSeconds * 1000))") }
        let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(FULL)")
        logger.debug("checkpoint", metadata: ["pages": "\(row?[1] as Int? ?? 0)", "written": "\(row?[2] as Int? ?? 0)"])
        size.pages = 0
      } catch {
        logger.debug("the checkpoint comes later", metadata: ["error": "\(error)"])
      }
      held.noteCheckpoint()
    }
  }
}
