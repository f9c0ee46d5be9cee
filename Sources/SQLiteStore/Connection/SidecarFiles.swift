import SystemSupport

/// The write-ahead log and its index beside an open database, as they were when it was opened.
///
/// They stay when another database replaces it, and SQLite cannot tell: it would read the old pages into the new database.
struct SidecarFiles: Sendable {
  /// The file beside a database whose modification says: look again. Its content means nothing.
  static func doorbell(of database: String) -> String { database + "-doorbell" }

  /// The file beside a database whose lock is held by the one process that works on its upkeep. It was modified when the last checkpoint
  /// ended.
  static func upkeep(of database: String) -> String { database + "-upkeep" }

  private let doorbell: String
  private let files: [(path: String, identity: FileIdentity)]

  init(database path: String) {
    doorbell = Self.doorbell(of: path)
    files = ["-wal", "-shm"].compactMap { suffix in FileIdentity(path: path + suffix).map { (path + suffix, $0) } }
  }

  /// Removes those that are still there after the database was replaced. Call it while the old database is open: an open file keeps its
  /// inode, so that no new file is taken for it.
  ///
  /// One process at a time does this, so that none removes what the one before has created.
  func removeStale() {
    FileDescriptor.withLock(doorbell, waits: true) { _ in
      for (path, identity) in files where FileIdentity(path: path) == identity { FileSystem.remove(path) }
    }
  }
}
