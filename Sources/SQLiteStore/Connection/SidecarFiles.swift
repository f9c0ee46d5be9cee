import SystemSupport

/// The write-ahead log and its index beside an open database, as they were when it was opened.
///
/// They stay when another database replaces it, and SQLite cannot tell: it would read the old pages into the new database.
struct SidecarFiles: Sendable {
  private let doorbell: Doorbell
  private let files: [(path: String, identity: FileIdentity)]

  init(database path: String) {
    doorbell = Doorbell(database: path)
    files = ["-wal", "-shm"].compactMap { suffix in FileIdentity(path: path + suffix).map { (path + suffix, $0) } }
  }

  /// Removes those that are still there after the database was replaced. Call it while the old database is open: an open file keeps its
  /// inode, so that no new file is taken for it.
  ///
  /// One process at a time does this, so that none removes what the one before has created.
  func removeStale() {
    let lock = try? FileDescriptor.openSidecar(doorbell.path)
    _ = lock?.lock(waits: true)
    for (path, identity) in files where FileIdentity(path: path) == identity { FileSystem.remove(path) }
    lock?.unlockAndClose()
  }
}

/// The file beside the database whose modification says: look again. Its content means nothing.
struct Doorbell: Sendable {
  let path: String

  init(database: String) { path = database + "-doorbell" }

  /// Tells the other processes. A failure is harmless: the other layers see the commit as well.
  func ring() {
    guard let file = try? FileDescriptor.openSidecar(path) else { return }
    file.touch()
    try? file.close()
  }
}

/// The file beside the database whose lock is held by the one process that works on its upkeep. It was modified when the last checkpoint
/// ended.
struct UpkeepFile: Sendable {
  let path: String

  init(database: String) { path = database + "-upkeep" }

  /// Runs a body unless another process holds the lock.
  ///
  /// - Returns: nil if one does, or if the file cannot be created.
  func ifFree<Value>(_ body: (FileDescriptor) throws -> Value) rethrows -> Value? {
    guard let file = try? FileDescriptor.openSidecar(path) else { return nil }
    guard file.lock(waits: false) else {
      try? file.close()
      return nil
    }
    defer { file.unlockAndClose() }
    return try body(file)
  }
}
