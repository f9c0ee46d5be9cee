import PostgresClient

/// Migrates the schema once, however many verbs ask for it.
actor Readiness {
  private let migrator: PostgresMigrator
  private var isReady = false
  /// When the migration was over, if one was needed.
  private var migrated: ContinuousClock.Instant?
  private(set) var attempt: Task<ContinuousClock.Instant?, any Error>?

  init(migrator: PostgresMigrator) { self.migrator = migrator }

  /// - Parameter end: when to give up asking whether a migration is needed. One that is takes its time.
  /// - Returns: when the migration was over; nil if none was needed.
  /// - Throws: what the migration throws; the next call tries again.
  @discardableResult
  func ensure(until end: ContinuousClock.Instant) async throws -> ContinuousClock.Instant? {
    if isReady { return migrated }
    let joined = attempt
    let attempt =
      joined
      ?? Task { [migrator] in
        let status = try await CallLimit.with(CallLimit(until: end)) { try await migrator.status() }
        if status.present == status.newest { return nil }
        try await CallLimit.with(nil) { try await migrator.migrate() }
        return .now
      }
    self.attempt = attempt
    let outcome = await attempt.result
    if self.attempt == attempt { self.attempt = nil }
    do {
      migrated = try outcome.get()
      isReady = true
      return migrated
    } catch {
      // The call that began the attempt may have had less time than this one has.
      guard joined != nil, (error as? PostgresError)?.isTimeout == true, ContinuousClock.now + CallLimit.least < end else { throw error }
      return try await ensure(until: end)
    }
  }

  /// Call this after the tables were dropped.
  func forget() { isReady = false }
}

extension PostgresError {
  fileprivate var isTimeout: Bool { code == .timeout || code == .poolTimeout }
}
