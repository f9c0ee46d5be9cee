import PostgresClient

/// Migrates the schema once, however many verbs ask for it.
actor Readiness {
  private let migrator: PostgresMigrator
  private var isReady = false
  private var attempt: Task<Void, any Error>?

  init(migrator: PostgresMigrator) { self.migrator = migrator }

  /// - Throws: what the migration throws; the next call tries again.
  func ensure() async throws {
    if isReady { return }
    if let attempt { return try await attempt.value }
    let attempt = Task { try await CallLimit.with(nil) { try await migrator.migrate() } }
    self.attempt = attempt
    defer { self.attempt = nil }
    try await attempt.value
    isReady = true
  }

  /// Call this after the tables were dropped.
  func forget() { isReady = false }
}
