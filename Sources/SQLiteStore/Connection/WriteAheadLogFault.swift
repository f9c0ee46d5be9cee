import GRDB
import Logging

/// SQLite before 3.51.3 has a very rare fault: two checkpoints in a row beside a commit can reset the write-ahead log too early.
enum WriteAheadLogFault {
  /// Whether a version of SQLite, such as `3.40.1`, has it.
  static func isIn(_ version: String) -> Bool {
    let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
    return numbers.lexicographicallyPrecedes([3, 51, 3])
  }

  static func report(_ db: Database, logger: Logger) throws {
    guard let version = try String.fetchOne(db, sql: "SELECT sqlite_version()"), isIn(version) else { return }
    logger.info(
      "SQLite \(version) has a very rare fault in its write-ahead log, which 3.51.3 mends: update SQLite where you can.")
  }
}
