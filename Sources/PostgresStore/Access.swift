import Bridge
import PostgresClient

extension PostgresStore {
  /// Carries out a verb that can be repeated without harm. It is carried out whole even when the calling task has been cancelled.
  func perform<Value: Sendable>(_ verb: @Sendable @escaping (PostgresPool) async throws -> Value) async throws(BridgeError) -> Value {
    let outcome = await Task { [self] in
      let deadline = ContinuousClock.now + patience
      while true {
        do {
          try await readiness.ensure()
          return Result<Value, any Error>.success(try await verb(pool))
        } catch let error as PostgresError where error.sqlState == .undefinedTable || error.sqlState == .invalidSchemaName {
          await readiness.forget()
          if ContinuousClock.now >= deadline { return .failure(error) }
        } catch let error as PostgresError where error.isWorthRepeating && ContinuousClock.now < deadline {
          logger.debug("a verb is repeated", metadata: ["error": "\(error)"])
        } catch {
          return .failure(error)
        }
      }
    }.value
    do { return try outcome.get() } catch { throw storeError(error, of: pool.settings) }
  }
}

extension PostgresError {
  /// The connection or the server went away in the middle. (The pool has done its own waiting for a connection.)
  var isWorthRepeating: Bool {
    if code == .poolTimeout || code == .connectionFailed { return false }
    return isRetryable || code == .unknownOutcome || code == .connectionLost
  }
}

/// A failure of the database as a sentence for people, without secrets.
func storeError(_ error: any Error, of settings: ConnectionSettings) -> BridgeError {
  if let error = error as? BridgeError { return error }
  let place = settings.redactedDescription
  guard let error = error as? PostgresError else {
    return BridgeError(.storeFailed, "The database \(place) failed: \(error).")
  }
  switch error.code {
  case .badURL, .connectionFailed, .authenticationFailed, .tlsFailed, .poolTimeout, .closed:
    return BridgeError(.storeUnavailable, "\(error)")
  case .connectionLost, .unknownOutcome, .timeout:
    return BridgeError(
      .storeUnavailable,
      "The connection to \(place) was lost and could not be had again in time: check the database, and call again. (\(error))")
  default:
    switch error.sqlState {
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
