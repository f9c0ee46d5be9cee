import Bridge
import PostgresClient
import SystemSupport

extension PostgresStore {
  /// Runs an idempotent verb, and repeats it after a lost connection. It runs to its end even if the calling task is cancelled.
  ///
  /// - Parameter limited: whether it is over after `patience`. If not, that is how long it is repeated.
  func perform<Value: Sendable>(
    limited: Bool = true, _ verb: @Sendable @escaping (PostgresPool) async throws -> Value
  ) async throws(BridgeError) -> Value {
    try await perform(limited: limited) { pool, _ in try await verb(pool) }
  }

  /// The same for a verb that needs the number of the attempt, from 1.
  ///
  /// - Parameter isCancellable: whether it is not begun, or undone, once the calling task is cancelled.
  func perform<Value: Sendable>(
    limited: Bool = true, isCancellable: Bool = false, _ verb: @Sendable @escaping (PostgresPool, _ attempt: Int) async throws -> Value
  ) async throws(BridgeError) -> Value {
    let call = Task(executorPreference: executor) { [self] in
      var end = CallStart.end(after: patience)
      var pause = Backoff(minimum: .milliseconds(10), maximum: .seconds(1))
      var attempt = 0
      var (unknown, refusal): (PostgresError?, PostgresError?)
      var holder: String?
      while true {
        attempt += 1
        // The first attempt gives a silent connection up early; a statement that needs longer has the rest of the time.
        let silence = attempt == 1 ? .seconds(2) : patience
        var hasBegun = false
        do {
          // The time is that of the call, not of a migration before it.
          if let migrated = try await readiness.ensure(within: CallLimit(until: end, silence: silence)) {
            end = max(end, migrated + patience)
          }
          hasBegun = true
          let limit = limited ? CallLimit(until: end, silence: silence) : nil
          return (Result<Value, BridgeError>.success(try await CallLimit.with(limit) { try await verb(pool, attempt) }), false)
        } catch {
          let failure = error as? PostgresError
          if hasBegun, let failure, failure.outcomeIsUnknown { unknown = failure }
          if failure?.sqlState == .lockNotAvailable, holder == nil { holder = await lockHolder(until: end) }
          guard ContinuousClock.now + CallLimit.least < end, await mayRepeat(after: error, attempt) else {
            // That the time is over says less than what it went by with.
            let told: any Error =
              switch failure?.code {
              case .timeout: unknown ?? refusal ?? error
              case .poolTimeout where unknown == nil: refusal ?? error
              default: error
              }
            return (.failure(storeError(told, of: pool.settings, lockedBy: holder)), unknown != nil)
          }
          if failure?.code == .server { refusal = failure }
          logger.debug("a verb is repeated", metadata: ["error": "\(error)"])
        }
        // Do not ask a database that keeps refusing again at once.
        try? await Task.pause(for: min(pause.next(random: .random(in: 0..<1)), ContinuousClock.now.duration(to: end - CallLimit.least)))
      }
    }
    let (outcome, isUnknown) = await withTaskCancellationHandler {
      await call.value
    } onCancel: {
      if isCancellable { call.cancel() }
    }
    do { return try outcome.get() } catch {
      guard isUnknown else { throw error }
      throw BridgeError(
        error.code,
        "\(error.message) The call may have been carried out: look before you repeat it, or repeat it with the same idempotency_key.")
    }
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
      // This server has become read-only, so its connections were given up. New ones find the host that takes writes, if there is one.
      return attempt < 3
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
  static let noSingleID = SQLState("CW410")
  static let keyReused = SQLState("CW412")
  static let tooManyRecipients = SQLState("CW413")
  static let neitherIDNorTime = SQLState("CW422")
  /// Class 25, "Invalid Transaction State": a write on a server or in a transaction that only reads.
  static let readOnlyTransaction = SQLState("25006")
  /// Class 22, "Data Exception": a character that the encoding of the database has not.
  static let untranslatableCharacter = SQLState("22P05")
  /// Class 53, "Insufficient Resources".
  static let diskFull = SQLState("53100")
}

/// A failure of the database as a sentence without secrets.
///
/// - Parameter holder: who kept what the call needed locked, as `lockHolder` says it.
func storeError(_ error: any Error, of settings: ConnectionSettings, lockedBy holder: String? = nil) -> BridgeError {
  if let error = error as? BridgeError { return error }
  let place = settings.redactedDescription
  guard let error = error as? PostgresError else {
    return BridgeError(.storeFailed, "The database \(place) failed: \(error).")
  }
  switch error.code {
  case .badURL, .libraryMissing, .connectionFailed, .authenticationFailed, .tlsFailed, .poolTimeout, .closed:
    return BridgeError(.storeUnavailable, "\(error)")
  case .timeout where !error.outcomeIsUnknown:
    return BridgeError(
      .storeUnavailable,
      "The database \(place) took longer than the time allowed and nothing was written: it is overloaded, or somebody keeps rows locked; "
        + "call again.")
  case .cancelled where !error.outcomeIsUnknown: return .cancelled
  case .connectionLost, .unknownOutcome, .timeout, .cancelled:
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
        "\(holder ?? "Somebody keeps rows") in \(place) locked for longer than the time allowed; nothing was written: end that transaction "
          + "and call again."
      )
    case .readOnlyTransaction:
      return BridgeError(
        .storeUnavailable,
        "The database \(place) takes no writes (a standby, or read-only) and nothing was written: name the server that does in the URL, "
          + "or all of them with target_session_attrs=read-write.")
    case .insufficientPrivilege:
      return BridgeError(
        .storeUnavailable,
        "The database role has no right for this in \(place) (\(error.server?.message ?? "")): its owner must grant it, or bind the login to an agent with the schema's function add_login."
      )
    case .invalidValue:
      return BridgeError(.invalidValue, "\(error.server?.message ?? ""): nothing was written.")
    case .notAllowed:
      return BridgeError(.storeUnavailable, "\(error.server?.message ?? ""). Nothing was written to \(place).")
    case .idExists:
      return BridgeError(.storeFailed, "\(error.server?.message ?? ""), so nothing was written: call again.")
    case .noSingleID:
      return IDReference.refusal(detail: error.server?.detail ?? "")
    case .keyReused:
      let parts = (error.server?.detail ?? "").split(separator: "\u{1F}", maxSplits: 1)
      return .keyReused(String(parts.last ?? ""), by: "message \(parts.first ?? "")")
    case .tooManyRecipients:
      return .tooManyRecipients((error.server?.detail).flatMap { Int($0) } ?? Limits.recipients + 1)
    case .untranslatableCharacter:
      return BridgeError(
        .invalidValue,
        "The encoding of the database \(place) lacks a character of this text, and nothing was written: \(error.server?.message ?? ""). "
          + "Leave the character out, or use a database with ENCODING 'UTF8', into which `copy` brings what is here.")
    case .uniqueViolation where ["messages_pkey", "tasks_pkey", "task_events_pkey"].contains(error.server?.constraint):
      return BridgeError(
        .storeFailed,
        "A number of \(error.server?.constraint ?? "") in \(place) is taken and nothing was written: the table's sequence is behind its rows. "
          + "Its owner sets it right with what `doctor` shows.")
    default:
      return BridgeError(.storeFailed, "The database \(place) refused and nothing was written: \(error)")
    }
  }
}
