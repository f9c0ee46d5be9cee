import Bridge
import GRDB
import Synchronization
import SystemSupport

extension SQLiteStore {
  /// Runs transactions on a thread that may block; again while other connections keep the database locked, and with new connections if
  /// another verb has closed them since the file was replaced, or if they may only read or miss what the schema has. All of the body is repeated. Cancelling
  /// the task does not interrupt them.
  func visit<Value: Sendable>(_ body: (Connections.Open) throws -> Value) async throws(BridgeError) -> Value {
    do {
      return try await withTaskExecutorPreference(TaskThreads.shared) {
        try TaskThreads.shared.blocking {
          var wait = LockWait(until: CallStart.end(after: connections.busyTimeout), database: connections.path)
          var mayReopen = true
          while true {
            do {
              let open = try connections.opened(until: wait.end)
              do {
                return try body(open)
              } catch let error as DatabaseError where [.SQLITE_READONLY, .SQLITE_ERROR].contains(error.resultCode) && mayReopen {
                // SQLite keeps a file that it could only read, also when its rights have been mended. `.restore` writes another database into
                // the same file, which may need to be migrated.
                connections.giveUp(open)
                mayReopen = false
              }
            } catch let error as DatabaseError where error.isPassing {
              guard wait.pause() else { throw error }
            } catch let error as FileWasReplaced {
              guard wait.pause() else { throw error.described(path: connections.path) }
            }
          }
        }
      }
    } catch {
      throw storeError(error, path: connections.path)
    }
  }

  /// One write transaction, begun IMMEDIATE: an upgrade from a read fails at once, whatever the timeout.
  ///
  /// - Parameters:
  ///   - durable: whether the commit outlives a power cut, and not only this process. True for everything that was accepted from a caller, and
  ///     not begun once the caller has cancelled it. What may be lost: a power cut that undoes a mark as read gives the message back. In any
  ///     case transactions stay whole and in order.
  ///   - settles: whether the log goes into the file afterwards (``Connections/settleLater()``). What tells who is there may stay in the log.
  ///   - wakes: whether other agents may have news afterwards.
  func write<Value: Sendable>(
    durable: Bool = true, settles: Bool = true, wakes: (Value) -> Bool = { _ in false }, _ body: (Database) throws -> Value
  ) async throws(BridgeError) -> Value {
    try await visit { try write($0, durable: durable, settles: settles, wakes: wakes, body) }
  }

  /// The same during a visit.
  func write<Value>(
    _ open: Connections.Open, durable: Bool, settles: Bool = true, wakes: (Value) -> Bool = { _ in false },
    _ body: (Database) throws -> Value
  ) throws -> Value {
    connections.writers.add(1, ordering: .relaxed)
    defer { connections.writers.subtract(1, ordering: .relaxed) }
    let value = try open.writer.writeWithoutTransaction { db in
      // Journals other than the log may damage the file unless they sync. While this connection uses a log, no other can change the mode.
      let isFull = try durable || db.value("PRAGMA journal_mode") != "wal"
      try open.sync.set(isFull ? .full : .normal, db)
      if durable { try Task.checkCancellation() }
      return try db.transaction(.immediate, until: open.end, body)
    }
    if wakes(value) { watch.ring() }
    if settles {
      checkpoints.isUnsettled.store(true, ordering: .relaxed)
      connections.settleLater()
    }
    if checkpoints.isDue {
      // While a checkpoint uses the connection, others read by another one; they wait for the record of an owner.
      let isLong = checkpoints.isLong
      if isLong { connections.writers.add(1, ordering: .relaxed) }
      open.writer.asyncWriteWithoutTransaction { [checkpoints, connections] db in
        checkpoints.work(db)
        if isLong { connections.writers.subtract(1, ordering: .relaxed) }
      }
    }
    return value
  }

  /// One read transaction, which may take long.
  func read<Value: Sendable>(_ body: (Database) throws -> Value) async throws(BridgeError) -> Value {
    try await visit { try read($0, body) }
  }

  /// The same during a visit.
  func read<Value>(_ open: Connections.Open, _ body: (Database) throws -> Value) throws -> Value {
    try connections.reader(of: open).unsafeRead { try $0.transaction(.deferred, until: open.end, body) }
  }

  /// A small read, on the writing connection while it is unused: it is open, and its cache holds what this process has written.
  func glance<Value: Sendable>(_ body: (Database) throws -> Value) async throws(BridgeError) -> Value {
    try await visit { try glance($0, body) }
  }

  /// The same during a visit.
  func glance<Value>(_ open: Connections.Open, _ body: (Database) throws -> Value) throws -> Value {
    let isUnused = connections.writers.load(ordering: .relaxed) == 0
    return try (isUnused ? open.writer : connections.reader(of: open)).unsafeRead { try $0.transaction(.deferred, until: open.end, body) }
  }
}

/// Whether the commits of the writing connection wait for the disk.
final class SyncLevel: Sendable {
  enum Level: String, Sendable {
    case full = "FULL"
    case normal = "NORMAL"
  }

  /// Nil while it is not known.
  private let present = Mutex<Level?>(nil)

  func set(_ level: Level, _ db: Database) throws {
    try present.withLock { present in
      if present == level { return }
      present = nil
      // Not by a prepared statement: the pragma takes effect when it is prepared.
      try db.execute(sql: "PRAGMA synchronous = \(level.rawValue)")
      present = level
    }
  }
}

extension Database {
  /// - Parameter end: of the wait for readers, which stop the commit where there is no log.
  fileprivate func transaction<Value>(
    _ kind: TransactionKind, until end: ContinuousClock.Instant, _ body: (Database) throws -> Value
  ) throws -> Value {
    try run("BEGIN \(kind.rawValue)")
    do {
      let value = try body(self)
      var wait = LockWait(until: end)
      while true {
        do {
          try run("COMMIT")
          return value
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
          guard wait.pause() else { throw error }
        }
      }
    } catch {
      try? rollback()
      throw error
    }
  }

  // Statements that are prepared once for each connection.

  func run(_ sql: String, _ arguments: StatementArguments = []) throws { try cachedStatement(sql: sql).execute(arguments: arguments) }

  func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> RowCursor {
    try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
  }

  func row(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
    try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }

  /// The first column of the first row; nil if there is none or it is NULL.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ sql: String, _ arguments: StatementArguments = []
  ) throws -> Value? {
    try Value.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }

  func count(of rows: String, _ arguments: StatementArguments = []) throws -> Int {
    try value("SELECT COUNT(*) FROM \(rows)", arguments) ?? 0
  }

  /// - Parameter most: rows beyond these are not counted.
  func count(of rows: String, _ arguments: StatementArguments = [], upTo most: Int) throws -> Int {
    try value("SELECT COUNT(*) FROM (SELECT 1 FROM \(rows) LIMIT ?)", arguments + [most]) ?? 0
  }

  func exists(_ rows: String, _ arguments: StatementArguments = []) throws -> Bool {
    try value("SELECT EXISTS (SELECT 1 FROM \(rows))", arguments) ?? false
  }
}

/// An SQLite failure as a sentence.
func storeError(_ error: any Error, path: String) -> BridgeError {
  if let error = error as? BridgeError { return error }
  if error is CancellationError { return .cancelled }
  guard let error = error as? DatabaseError else {
    return BridgeError(.storeFailed, "The database \(path) failed: \(error).")
  }
  let why = error.message ?? error.resultCode.description
  switch error.resultCode {
  case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
    return BridgeError(.storeUnavailable, "The database \(path) cannot be opened (\(why)): check the rights of the file and of its folder.")
  case .SQLITE_NOTADB:
    return BridgeError(
      .storeUnavailable, "The file \(path) is not an SQLite database: move it away, or name another one with --database-url.")
  case .SQLITE_CORRUPT:
    return BridgeError(
      .storeUnavailable, "The database \(path) is damaged (\(why)): move it away, and recover it with `sqlite3 \(path) .recover`.")
  case .SQLITE_READONLY:
    return BridgeError(.storeFailed, "The database \(path) may not be written (\(why)): check the rights of the file and of its folder.")
  case .SQLITE_FULL:
    return BridgeError(.storeFailed, "The disk of \(path) is full and nothing was written: free some space and call again.")
  case .SQLITE_IOERR:
    return BridgeError(
      .storeFailed,
      "The disk of \(path) failed and nothing was written (\(why)): see whether it is full, or a quota or limit is reached, and call again."
    )
  case .SQLITE_BUSY, .SQLITE_LOCKED:
    return BridgeError(
      .storeFailed,
      "\(LockHolders.described(of: path)) keeps \(path) locked for longer than the time allowed; nothing was written: "
        + "end that transaction and call again.")
  default:
    return BridgeError(.storeFailed, "The database \(path) failed and nothing was written (\(why)): call again.")
  }
}
