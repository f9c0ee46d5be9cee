import Bridge
import GRDB

extension SQLiteStore {
  /// Runs transactions on a thread that may block; again if another verb found the file replaced and closed the connections before they
  /// began. Cancelling the task does not interrupt them.
  func visit<Value: Sendable>(_ body: (Connections.Open) throws -> Value) async throws(BridgeError) -> Value {
    do {
      return try await withTaskExecutorPreference(BlockingThreads.shared) { try BlockingThreads.shared.blocking { try visitNow(body) } }
    } catch {
      throw storeError(error, path: connections.path)
    }
  }

  private func visitNow<Value>(_ body: (Connections.Open) throws -> Value) throws -> Value {
    do {
      return try body(connections.opened())
    } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE {
      return try body(connections.opened())
    }
  }

  /// One write transaction, begun IMMEDIATE: an upgrade from a read fails at once, whatever the timeout.
  ///
  /// - Parameters:
  ///   - waking: whether other agents may have news afterwards.
  ///   - endurance: what the commit survives.
  func write<Value: Sendable>(
    _ waking: Waking<Value>, outliving endurance: Endurance = .powerCuts, _ body: (Database) throws -> Value
  ) async throws(BridgeError) -> Value {
    try await visit { try write($0, waking, outliving: endurance, body) }
  }

  /// The same during a visit.
  func write<Value>(
    _ open: Connections.Open, _ waking: Waking<Value>, outliving endurance: Endurance, _ body: (Database) throws -> Value
  ) throws -> Value {
    connections.writers.add(1, ordering: .relaxed)
    defer { connections.writers.subtract(1, ordering: .relaxed) }
    let value = try open.writer.writeWithoutTransaction { db in
      try endurance.during(db) {
        var value: Value?
        try db.inTransaction(.immediate) {
          value = try body(db)
          return .commit
        }
        guard let value else { throw BridgeError(.storeFailed, "The transaction ended without a result: call again.") }
        return value
      }
    }
    if waking.wakes(after: value) { watch.ring() }
    if checkpoints.isDue {
      connections.writers.add(1, ordering: .relaxed)
      open.writer.asyncWriteWithoutTransaction { [checkpoints, connections] db in
        checkpoints.makeIfDue(db, busyTimeout: connections.busyTimeout)
        connections.writers.subtract(1, ordering: .relaxed)
      }
    }
    return value
  }

  /// One read transaction.
  func read<Value: Sendable>(_ body: (Database) throws -> Value) async throws(BridgeError) -> Value {
    try await visit { try read($0, body) }
  }

  /// The same during a visit.
  func read<Value>(_ open: Connections.Open, _ body: (Database) throws -> Value) throws -> Value {
    try Self.read(by: open.reader, body)
  }

  /// A small read, on the writing connection while it is unused, because its cache holds what this process has written.
  func glance<Value>(_ open: Connections.Open, _ body: (Database) throws -> Value) throws -> Value {
    try Self.read(by: connections.writers.load(ordering: .relaxed) == 0 ? open.writer : open.reader, body)
  }

  private static func read<Value>(by queue: DatabaseQueue, _ body: (Database) throws -> Value) throws -> Value {
    try queue.unsafeRead { db in
      var value: Value?
      try db.inTransaction(.deferred) {
        value = try body(db)
        return .commit
      }
      guard let value else { throw BridgeError(.storeFailed, "The transaction ended without a result: call again.") }
      return value
    }
  }

  /// Writes the log back into the file, and makes both as small as possible. A reader prevents that: then the next call does it.
  func checkpoint() async throws(BridgeError) {
    try await visit { open in
      do {
        try open.writer.writeWithoutTransaction { db in _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED {
        return
      }
    }
  }
}

/// Whether a transaction wakes other agents.
enum Waking<Value> {
  case always
  case never
  /// It depends on the result.
  case when(KeyPath<Value, Bool>)

  func wakes(after value: Value) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .when(let path): value[keyPath: path]
    }
  }
}

/// What a committed transaction survives. In any case transactions stay whole and in order.
enum Endurance {
  /// A crash of the system or a power cut: the commit waits for the disk. For everything that was accepted from a caller.
  case powerCuts
  /// The end of this process. Only with a write-ahead log: other journals may damage the file unless they sync. For what may be
  /// lost: a power cut that undoes a mark as read gives the message back.
  case processes

  /// Runs a body with transactions of this endurance.
  ///
  /// - Parameter db: outside a transaction: inside one, SQLite refuses to change the level.
  func during<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
    // Not by a prepared statement: the pragma takes effect when it is prepared. Always, so that no earlier body matters.
    try db.execute(sql: "PRAGMA synchronous = FULL")
    guard self == .processes, try String.fetchOne(db.cachedStatement(sql: "PRAGMA journal_mode")) == "wal" else { return try body() }
    // While this connection uses a log, no other can change the journal mode.
    try db.execute(sql: "PRAGMA synchronous = NORMAL")
    defer { try? db.execute(sql: "PRAGMA synchronous = FULL") }
    return try body()
  }
}

/// An SQLite failure as a sentence.
func storeError(_ error: any Error, path: String) -> BridgeError {
  if let error = error as? BridgeError { return error }
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
      "Another program keeps \(path) to itself for longer than the time allowed; nothing was written: end its transaction and call again.")
  default:
    return BridgeError(.storeFailed, "The database \(path) failed and nothing was written (\(why)): call again.")
  }
}
