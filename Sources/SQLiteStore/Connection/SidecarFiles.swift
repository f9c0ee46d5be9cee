#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The log and its index beside a database that is open, as they were when it was opened.
///
/// They stay when another database is put in its place, and SQLite cannot tell: it would read the old one's pages into the new one.
struct SidecarFiles: Sendable {
  private let doorbell: String
  private let files: [(path: String, identity: FileIdentity)]

  init(database path: String) {
    doorbell = Doorbell(database: path).path
    files = ["-wal", "-shm"].compactMap { suffix in FileIdentity(path: path + suffix).map { (path + suffix, $0) } }
  }

  /// Removes those that are still there, when the database no longer is. To be called while it is still open: a file that is open keeps
  /// its number, so a new file cannot be mistaken for it.
  ///
  /// The processes that had the database open do this one after the other, so that none removes what the one before has made anew.
  func removeStale() {
    let lock = open(doorbell, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    if lock >= 0 { flock(lock, LOCK_EX) }
    for (path, identity) in files where FileIdentity(path: path) == identity { unlink(path) }
    if lock >= 0 { close(lock) }
  }
}
