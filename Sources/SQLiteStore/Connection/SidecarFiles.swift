/// The small files of this program beside a database.
public enum SidecarFiles {
  /// These, and those of SQLite.
  public static func all(of database: String) -> [String] {
    ["-wal", "-shm", "-journal"].map { database + $0 } + [doorbell(of: database), upkeep(of: database), logOwner(of: database)]
  }

  /// Its modification says: look again. Its content means nothing.
  static func doorbell(of database: String) -> String { database + "-doorbell" }

  /// Its lock is held by the one process that works on the upkeep. It was modified when the last checkpoint ended.
  static func upkeep(of database: String) -> String { database + "-upkeep" }

  /// Says which database file the write-ahead log belongs to. Its lock is held by a process that opens the database.
  static func logOwner(of database: String) -> String { database + "-wal-owner" }

  /// What a log that belongs to another file is renamed to, before a number.
  static func setAside(_ database: String) -> String { database + "-wal.set-aside-" }
}
