import GRDB
import GRDBSQLite
import Synchronization

/// How many pages the write-ahead log held after the last commit of this process.
///
/// Where it is watched, SQLite makes no checkpoints by itself after a commit of that connection.
final class WriteAheadLogSize: Sendable {
  private let value = Atomic(0)

  var pages: Int {
    get { value.load(ordering: .relaxed) }
    set { value.store(newValue, ordering: .relaxed) }
  }

  /// The size must live as long as the connection.
  func watch(_ db: Database) {
    sqlite3_wal_hook(
      db.sqliteConnection,
      { size, _, _, pages in
        size.map { Unmanaged<WriteAheadLogSize>.fromOpaque($0).takeUnretainedValue().pages = Int(pages) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}
