import CSQLite

/// SQLite in C calls. For one thread at a time.
final class SQLiteFile: @unchecked Sendable {
  private var connection: OpaquePointer?

  init(_ path: String) throws {
    guard sqlite3_open(path, &connection) == SQLITE_OK else { throw Failure("\(path) cannot be opened") }
    sqlite3_busy_timeout(connection, 10_000)
  }

  deinit { sqlite3_close_v2(connection) }

  func run(_ sql: String) throws {
    guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
      throw Failure("\(String(cString: sqlite3_errmsg(connection))) in \(sql)")
    }
  }

  func prepare(_ sql: String) throws -> Statement {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK, let statement else {
      throw Failure("\(String(cString: sqlite3_errmsg(connection))) in \(sql)")
    }
    return Statement(statement)
  }

  /// The first column of all rows.
  func texts(_ sql: String) throws -> [String] {
    let statement = try prepare(sql)
    var texts = [String]()
    while let text = try statement.nextText() { texts.append(text) }
    return texts
  }

  final class Statement {
    private let statement: OpaquePointer
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ statement: OpaquePointer) { self.statement = statement }
    deinit { sqlite3_finalize(statement) }

    /// The first column of the first row, as a number.
    @discardableResult func run(_ values: [String?] = []) throws -> Int64? {
      for (index, value) in values.enumerated() {
        if let value {
          sqlite3_bind_text(statement, Int32(index + 1), value, -1, Self.transient)
        } else {
          sqlite3_bind_null(statement, Int32(index + 1))
        }
      }
      defer { sqlite3_reset(statement) }
      switch sqlite3_step(statement) {
      case SQLITE_ROW: return sqlite3_column_int64(statement, 0)
      case SQLITE_DONE: return nil
      default: throw Failure(String(cString: sqlite3_errmsg(sqlite3_db_handle(statement))))
      }
    }

    fileprivate func nextText() throws -> String? {
      guard sqlite3_step(statement) == SQLITE_ROW else { return nil }
      return sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? ""
    }
  }
}

/// The raw floor: a table of messages and nothing else, written as durably as ours. For one thread at a time.
struct SQLiteFloor: @unchecked Sendable {
  let file: SQLiteFile
  private let begin, insert, commit: SQLiteFile.Statement

  init(_ path: String) throws {
    file = try SQLiteFile(path)
    try file.run(
      """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS messages
        (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, content TEXT, read INTEGER DEFAULT 0, created_at TEXT)
      """)
    begin = try file.prepare("BEGIN IMMEDIATE")
    insert = try file.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, 0, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))")
    commit = try file.prepare("COMMIT")
  }

  func send(_ content: String) throws {
    try begin.run()
    try insert.run([randomID(), "code", "cowork", content])
    try commit.run()
  }
}
