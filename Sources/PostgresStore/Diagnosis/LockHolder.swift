import PostgresClient

extension PostgresStore {
  /// The session that has kept a table or rows of this schema locked for longer than a verb waits, as far as this login may see it: the
  /// beginning of a sentence, such as "The server process 42 (psql, user ann) keeps the table messages". Nil if there is none to be seen.
  ///
  /// Asked after a wait in vain, of catalogues only: the tables are locked.
  func lockHolder(until end: ContinuousClock.Instant) async -> String? {
    let found = try? await CallLimit.with(CallLimit(until: end)) { try await idle.query(Self.lockHolders, [.text(schema.name)]) }
    return try? found?.first?.get(0)
  }

  /// A lock on the whole table comes first, then the oldest transaction. One that waits for a lock itself is not the cause.
  private static let lockHolders = """
    SELECT format('The server process %s (%suser %s) keeps %s %s', a.pid, NULLIF(a.application_name, '') || ', ', a.usename,
      CASE WHEN l.mode LIKE 'Row%' THEN 'rows of' ELSE 'the table' END, c.relname)
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.mode <> 'AccessShareLock' AND n.nspname = $1 AND c.relkind = 'r' AND a.datname = current_database()
      AND a.pid <> pg_catalog.pg_backend_pid() AND COALESCE(a.xact_start < clock_timestamp() - interval '0.8 s', true)
    ORDER BY EXISTS (SELECT FROM pg_catalog.pg_locks w WHERE w.pid = l.pid AND NOT w.granted), l.mode LIKE 'Row%', a.xact_start
    LIMIT 1
    """
}
