import Bridge
import PostgresClient

extension PostgresStore {
  /// Runs an idempotent verb, and repeats it after a lost connection. It runs to its end even if the calling task is cancelled.
  func perform<Value: Sendable>(_ verb: @Sendable @escaping (PostgresPool) async throws -> Value) async throws(BridgeError) -> Value {
    try await perform { pool, _ in try await verb(pool) }
  }

  /// The same for a verb that needs the number of the attempt, from 1.
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
        // Do not ask a database that keeps refusing again at once.
        try? await Task.sleep(for: pause.next(random: .random(in: 0..<1)))
      }
    }.value
    do { return try outcome.get() } catch { throw storeError(error, of: pool.settings) }
  }

  /// Limits the wait for a locked row, because other calls need the connection too. The verb is then repeated.
  func limitWaiting(_ transaction: PostgresTransaction) async throws {
    try await transaction.query("SET LOCAL lock_timeout = '1s'")
  }

  /// Removes the cause of a failure if it can. Returns whether the verb may succeed now.
  private func mayRepeat(after error: any Error, _ attempt: Int) async -> Bool {
    guard let error = error as? PostgresError else { return false }
    switch error.sqlState {
    case .undefinedTable, .undefinedFunction, .invalidSchemaName:
      await readiness.forget()
      return attempt <= 3
    case .readOnlyTransaction:
      // This server has become read-only. A new connection finds the host that takes writes, if there is one.
      guard attempt <= pool.configuration.maximumConnections else { return false }
      try? await pool.withConnection { await $0.close() }
      return true
    case .uniqueViolation:
      // Another process has just used the idempotency key, and the next attempt finds what it wrote.
      return error.server?.constraint?.hasSuffix("_details_key") == true && attempt == 1
    default:
      return error.isWorthRepeating
    }
  }
}

extension PostgresError {
  /// The connection or the server was lost meanwhile. (The pool has its own wait for a connection.)
  var isWorthRepeating: Bool {
    if code == .poolTimeout || code == .connectionFailed { return false }
    return isRetryable || code == .unknownOutcome || code == .connectionLost
  }
}

extension SQLState {
  static let undefinedFunction = SQLState("42883")
  /// Refusals of the functions in `sql/postgres`.
  static let invalidValue = SQLState("CW400")
  static let notAllowed = SQLState("CW403")
  static let unknownAgent = SQLState("CW404")
  static let idExists = SQLState("CW409")
  static let neitherIDNorTime = SQLState("CW422")
  /// Class 25, "Invalid Transaction State": a write on a server or in a transaction that only reads.
  static let readOnlyTransaction = SQLState("25006")
  /// Class 53, "Insufficient Resources".
  static let diskFull = SQLState("53100")
}

/// A failure of the database as a sentence without secrets.
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
    case .invalidValue:
      return BridgeError(.invalidValue, "\(error.server?.message ?? ""): nothing was written.")
    case .notAllowed:
      return BridgeError(.storeUnavailable, "\(error.server?.message ?? ""). Nothing was written to \(place).")
    case .idExists:
      return BridgeError(.storeFailed, "\(error.server?.message ?? ""), so nothing was written: call again.")
    case .uniqueViolation where error.server?.constraint?.hasSuffix("_pkey") == true:
      return BridgeError(
        .storeFailed,
        "A number of \(error.server?.constraint ?? "") in \(place) is taken and nothing was written: the table's sequence is behind its rows. "
          + "Its owner sets it right with what `doctor` shows.")
    default:
      return BridgeError(.storeFailed, "The database \(place) refused and nothing was written: \(error)")
    }
  }
}
