import PostgresClient

/// Migrates the schema once, however many verbs ask for it.
actor Readiness {
  private let migrator: PostgresMigrator
  private var isReady = false
  /// When the migration was over, if one was needed.
  private var migrated: ContinuousClock.Instant?
  private var migration: Task<Void, any Error>?

  init(migrator: PostgresMigrator) { self.migrator = migrator }

  /// - Parameter limit: of the question whether a migration is needed. One that is takes its time.
  /// - Returns: when the migration was over; nil if none was needed.
  /// - Throws: what the migration throws; the next call tries again.
  @discardableResult
  func ensure(within limit: CallLimit) async throws -> ContinuousClock.Instant? {
    if isReady { return migrated }
    // Each call asks by itself: it may have more or less time than others.
    let status = try await CallLimit.with(limit) { try await migrator.status() }
    if status.present == status.newest {
      isReady = true
      return migrated
    }
    let migration = migration ?? Task { [migrator] in try await CallLimit.with(nil) { try await migrator.migrate() } }
    self.migration = migration
    let outcome = await migration.result
    if self.migration == migration {
      self.migration = nil
      if case .success = outcome { (isReady, migrated) = (true, .now) }
    }
    try outcome.get()
    return migrated
  }

  /// Whether there is a schema; asking makes none.
  func exists() async throws -> Bool {
    let status = try await migrator.status()
    isReady = status.present == status.newest
    return status.present > 0
  }

  /// Call this after the tables were dropped.
  func forget() { isReady = false }
}
