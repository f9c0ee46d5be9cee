import Bridge
import PostgresClient

extension PostgresStore {
  /// Carries out a verb that can be repeated without harm. It is carried out whole even when the calling task has been cancelled.
  func perform<Value: Sendable>(_ verb: @Sendable @escaping (PostgresPool) async throws -> Value) async throws(BridgeError) -> Value {
    try await perform { pool, _ in try await verb(pool) }
  }

  /// The same for a verb that wants to know which attempt it is, from 1.
  func perform<Value: Sendable>(
    _ verb: @Sendable @escaping (PostgresPool, _ attempt: Int) async throws -> Value
  ) async throws(BridgeError) -> Value {
    let outcome = await Task(executorPreference: executor) { [self] in
      let deadline = ContinuousClock.now + patience
      var pause = Backoff(minimum: .milliseconds(10), maximum: .seconds(1))
      var attempt = 0
      while true {
        attempt += 1
        do {
          try await readiness.ensure()
          return Result<Value, any Error>.success(try await verb(pool, attempt))
        } catch {
          guard ContinuousClock.now < deadline, await mayRepeat(after: error, attempt) else { return .failure(error) }
          logger.debug("a verb is repeated", metadata: ["error": "\(error)"])
        }
        // A database that refuses again and again is not to be asked again at once.
        try? await Task.sleep(for: pause.next(random: .random(in: 0..<1)))
      }
    }.value
    do { return try outcome.get() } catch { throw storeError(error, of: pool.settings) }
  }

  /// Waits no longer than this for a row that somebody keeps locked: the connection is needed for other calls as well. The verb is repeated.
  func limitWaiting(_ transaction: PostgresTransaction) async throws {
    try await transaction.query("SET LOCAL lock_timeout = '1s'")
  }

  /// Sees to what stands in the way, and tells whether the verb may succeed now.
  private func mayRepeat(after error: any Error, _ attempt: Int) async -> Bool {
    guard let error = error as? PostgresError else { return false }
    switch error.sqlState {
    case .undefinedTable, .invalidSchemaName:
      await readiness.forget()
      return true
    case .readOnlyTransaction:
      // This server has become a standby. Another connection finds the one that takes writes now, where there is one.
      guard attempt <= pool.configuration.maximumConnections else { return false }
      try? await pool.withConnection { await $0.close() }
      return true
    case .invalidStatementName, .featureNotSupported:
      // A statement that the connection had prepared, in a transaction; it prepares it anew.
      return attempt == 1
    default:
      return error.isWorthRepeating
    }
  }
}

extension PostgresError {
  /// The connection or the server went away in the middle. (The pool has done its own waiting for a connection.)
  var isWorthRepeating: Bool {
    if code == .poolTimeout || code == .connectionFailed { return false }
    return isRetryable || code == .unknownOutcome || code == .connectionLost
  }
}

extension SQLState {
  /// Class 25, "Invalid Transaction State": a write on a server or in a transaction that only reads.
  static let readOnlyTransaction = SQLState("25006")
  /// Class 53, "Insufficient Resources".
  static let diskFull = SQLState("53100")
}

/// A failure of the database as a sentence for people, without secrets.
func storeError(_ error: any Error, of settings: ConnectionSettings) -> BridgeError {
  if let error = error as? BridgeError { return error }
  let place = settings.redactedDescription
  guard let error = error as? PostgresError else {
    return BridgeError(.storeFailed, "The database \(place) failed: \(error).")
  }
  switch error.code {
  case .badURL, .libraryMissing, .connectionFailed, .authenticationFailed, .tlsFailed, .poolTimeout, .closed:
    return BridgeError(.storeUnavailable, "\(error)")
  case .connectionLost, .unknownOutcome, .timeout:
    return BridgeError(
      .storeUnavailable,
      "The connection to \(place) was lost and could not be had again in time: check the database, and call again. (\(error))")
  default:
    switch error.sqlState {
    case .diskFull:
      return BridgeError(
        .storeFailed, "The disk of the database \(place) is full and nothing was written: free some space there and call again.")
    case .lockNotAvailable:
      return BridgeError(
        .storeFailed,
        "Somebody keeps rows in \(place) locked for longer than the time allowed; nothing was written: end that transaction and call again."
      )
    case .readOnlyTransaction:
      return BridgeError(
        .storeUnavailable,
        "The database \(place) takes no writes (a standby, or read-only) and nothing was written: name the server that does in the URL, "
          + "or all of them with target_session_attrs=read-write.")
    case .insufficientPrivilege:
      return BridgeError(
        .storeUnavailable,
        "The database role has no right for this in \(place) (\(error.server?.message ?? "")): its owner must grant it, see `migrate --print`."
      )
    default:
      return BridgeError(.storeFailed, "The database \(place) refused and nothing was written: \(error)")
    }
  }
}
