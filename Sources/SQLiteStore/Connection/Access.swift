import Bridge
import GRDB

extension SQLiteStore {
  /// One transaction that writes, begun IMMEDIATE: an upgrade from reading fails at once, whatever the timeout. It is carried out whole even
  /// when the calling task has been cancelled.
  ///
  /// - Parameter waking: whether other agents may have something new afterwards.
  func write<Value: Sendable>(
    _ waking: Waking<Value>, _ body: @Sendable @escaping (Database) throws -> Value
  ) async throws(BridgeError) -> Value {
    do {
      let value: Value = try await withConnections { open, continuation in
        open.writer.asyncWriteWithoutTransaction { [checkpoints, connections] db in
          continuation.resume(
            with: Result {
              var value: Value?
              try db.inTransaction(.immediate) {
                value = try body(db)
                return .commit
              }
              guard let value else { throw BridgeError(.storeFailed, "The transaction ended without a result: call again.") }
              return value
            })
          checkpoints.makeIfDue(db, busyTimeout: connections.busyTimeout)
        }
      }
      if waking.wakes(after: value) { watch.ring() }
      return value
    } catch {
      throw storeError(error, path: connections.path)
    }
  }

  /// Reads one state of the database.
  func read<Value: Sendable>(_ body: @Sendable @escaping (Database) throws -> Value) async throws(BridgeError) -> Value {
    do {
      return try await withConnections { open, continuation in
        open.reader.asyncRead { result in
          continuation.resume(with: Result { try body(result.get()) })
        }
      }
    } catch {
      throw storeError(error, path: connections.path)
    }
  }

  /// Puts what the write-ahead log holds into the file, and makes both as small as they can be. Not done where somebody is reading: then the
  /// next one does it.
  func checkpoint() async throws(BridgeError) {
    do {
      try await withConnections { open, continuation in
        open.writer.asyncWriteWithoutTransaction { db in
          continuation.resume(with: Result { _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") })
        }
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED {
      return
    } catch {
      throw storeError(error, path: connections.path)
    }
  }

  /// Carries out a transaction; once more where another verb has found the file replaced and closed the connections before it began.
  private func withConnections<Value: Sendable>(
    _ body: (Connections.Open, CheckedContinuation<Value, any Error>) -> Void
  ) async throws -> Value {
    let open = try await connections.opened()
    do {
      return try await withCheckedThrowingContinuation { body(open, $0) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE {
      let open = try await connections.opened()
      return try await withCheckedThrowingContinuation { body(open, $0) }
    }
  }
}

/// Whether a transaction wakes other agents.
enum Waking<Value> {
  case always
  case never
  /// It depends on what came out.
  case when(KeyPath<Value, Bool>)

  func wakes(after value: Value) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .when(let path): value[keyPath: path]
    }
  }
}

/// An SQLite failure as a sentence for people.
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
