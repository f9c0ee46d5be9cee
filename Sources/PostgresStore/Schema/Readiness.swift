import PostgresClient

/// Migrates the schema once, however many verbs ask for it.
actor Readiness {
  private let migrator: PostgresMigrator
  private var isReady = false
  private var attempt: Task<Void, any Error>?

  init(migrator: PostgresMigrator) { self.migrator = migrator }

  /// - Returns: whether the call waited for a migration.
  /// - Throws: what the migration throws; the next call tries again.
  @discardableResult
  func ensure() async throws -> Bool {
    if isReady { return false }
    if let attempt {
      try await attempt.value
      return true
    }
    let attempt = Task { try await CallLimit.with(nil) { try await migrator.migrate() } }
    self.attempt = attempt
    defer { self.attempt = nil }
    try await attempt.value
    isReady = true
    return true
  }

  /// Call this after the tables were dropped.
  func forget() { isReady = false }
}
