import GRDB
import GRDBSQLite
import Logging
import Synchronization
import SystemSupport

/// Writes the write-ahead log back into the database.
///
/// SQLite itself does not do it after a commit: before 3.51.3, two checkpoints in a row beside a commit can corrupt the database. Ours come
/// after the reply, in one process at a time and at intervals; between others' commits only after some idle seconds.
final class Checkpoints: Sendable {
  /// When a checkpoint is due. The defaults are the documented ones; tests set others.
  struct Schedule: Sendable {
    /// Pages of the log, of 4 KiB each.
    var pages = 2_000
    /// Seconds between two checkpoints of all processes.
    var spacing = 1.0
    /// After this time without a commit, the whole log is written back.
    var idle = Duration.seconds(3)
  }

  let schedule: Schedule
  private let path: String
  private let logger: Logger
  /// How many pages the log held after the last commit of this process.
  private let pages = Atomic(0)
  /// The same, but not reset by a checkpoint.
  private let length = Atomic(Int.max)
  /// Whether the log has begun again since its owner was recorded.
  private let hasRestarted = Atomic(false)
  /// Whether something that this process has committed may still be in the log alone.
  let isUnsettled = Atomic(false)
  private let lastCommit = Mutex(ContinuousClock.now)

  /// - Parameter path: of the database.
  init(schedule: Schedule, path: String, logger: Logger) {
    (self.schedule, self.path, self.logger) = (schedule, path, logger)
  }

  /// SQLite then makes no checkpoints after commits of this connection, which this object must outlive.
  func watch(_ db: Database) {
    sqlite3_wal_hook(
      db.sqliteConnection,
      { object, _, _, pages in
        object.map { Unmanaged<Checkpoints>.fromOpaque($0).takeUnretainedValue().committed(pages: Int(pages)) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func committed(pages: Int) {
    self.pages.store(pages, ordering: .relaxed)
    if length.exchange(pages, ordering: .relaxed) >= pages { hasRestarted.store(true, ordering: .relaxed) }
  }

  /// There was a commit, of this process or of another one.
  func noteCommit() { lastCommit.withLock { $0 = .now } }

  /// How long there must be no commit before the whole log is written back.
  var timeUntilIdle: Duration { lastCommit.withLock { $0 + schedule.idle } - .now }

  /// Whether ``work(_:)`` has something to do.
  var isDue: Bool { isLong || hasRestarted.load(ordering: .relaxed) }

  /// Whether the log is so long that a checkpoint is due.
  var isLong: Bool { pages.load(ordering: .relaxed) >= schedule.pages }

  /// Records the owner of a log that has begun again, and makes a checkpoint if one is due.
  ///
  /// - Parameter db: a connection outside a transaction.
  func work(_ db: Database) {
    if hasRestarted.load(ordering: .relaxed) { try? recordOwner(db) }
    if isLong { make("FULL", db) }
  }

  /// Records which file the log belongs to; later if another process is opening the database.
  func recordOwner(_ db: Database) throws {
    _ = try FileDescriptor.withLock(SidecarFiles.logOwner(of: path), of: path) { record in
      hasRestarted.store(false, ordering: .relaxed)
      try LogOwner(db, path: path).write(to: record)
    }
  }

  /// Writes the whole log back, beside commits. A long one is emptied as well, which commits wait for.
  ///
  /// - Returns: whether that is done.
  func settle(_ db: Database) -> Bool {
    let isLong = FileRights(path: path + "-wal").map { $0.size > LogFile.sizeLimit } ?? false
    let isDone = make(isLong ? "TRUNCATE" : "PASSIVE", db)
    if isDone { isUnsettled.store(false, ordering: .relaxed) }
    return isDone
  }

  /// Makes a checkpoint unless another process makes one or has just made one.
  ///
  /// - Returns: whether it is complete.
  @discardableResult
  private func make(_ mode: String, _ db: Database) -> Bool {
    FileDescriptor.withLock(SidecarFiles.upkeep(of: path), of: path) { file in
      // Nil before the first checkpoint, and below zero after the clock was set back.
      if let seconds = file.secondsSinceModification, seconds >= 0, seconds < schedule.spacing { return false }
      defer { file.touch() }
      do {
        // The checkpoint holds the writers' lock: it must not wait longer for a writer or an old reader.
        try db.execute(sql: "PRAGMA busy_timeout = 50")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = 0") }
        let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(\(mode))")
        logger.debug("checkpoint", metadata: ["pages": "\(row?[1] as Int? ?? 0)", "written": "\(row?[2] as Int? ?? 0)"])
        pages.store(0, ordering: .relaxed)
        // In other journal modes both are -1.
        return row?[0] as Int? == 0 && row?[1] as Int? == row?[2] as Int?
      } catch {
        logger.debug("checkpoint postponed", metadata: ["error": "\(error)"])
        return false
      }
    } ?? false
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
