import Bridge
import Logging
import PostgresClient
import Schema
import SystemSupport

/// Migrates a workspace's schema to this program's version.
public struct PostgresMigrator: Sendable {
  /// The version of a schema.
  public struct Status: Hashable, Sendable {
    /// 0 when there is none.
    public let present: Int
    public let newest: Int
    public let pending: [String]
  }

  static let newest = newest(of: Schema.postgres)

  let pool: PostgresPool
  let schema: WorkspaceSchema
  let logger: Logger
  private let migrations: [Schema.Migration]
  private var newest: Int { Self.newest(of: migrations) }

  public init(pool: PostgresPool, schema: WorkspaceSchema, logger: Logger) {
    self.init(pool: pool, schema: schema, migrations: Schema.postgres, logger: logger)
  }

  /// - Parameter migrations: those of a program of another version.
  init(pool: PostgresPool, schema: WorkspaceSchema, migrations: [Schema.Migration], logger: Logger) {
    self.pool = pool
    self.schema = schema
    self.migrations = migrations
    self.logger = logger
  }

  private static func newest(of migrations: [Schema.Migration]) -> Int { migrations.map(\.version).max() ?? 0 }

  /// The migrations as SQL, for a person who has the rights. Those that the database has are left out when it runs.
  public static func script(for schema: WorkspaceSchema) -> String {
    Schema.postgres.map { migration in
      """
      BEGIN ISOLATION LEVEL READ COMMITTED;
      DO $script$
      BEGIN
      PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('\(schema.lock)', 0));
      IF EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = '\(schema.name)' AND tablename = 'bridge_schema') THEN
        IF EXISTS (SELECT FROM \(schema.quoted).bridge_schema WHERE version >= \(migration.version)) THEN RETURN; END IF;
      END IF;
      EXECUTE $migration$
      \(schema.sql(of: migration, isNewest: migration.version == newest))
      $migration$;
      END
      $script$;
      COMMIT;

      """
    }.joined(separator: "\n") + """

      SELECT command FROM unnest(ARRAY['\(rebuilding(schema).joined(separator: "', '"))']) WITH ORDINALITY AS commands (command, place)
        WHERE obj_description('\(schema.quoted).messages_words'::regclass, 'pg_class') = '\(rebuildMark)' ORDER BY place
      \\gexec

      """
  }

  public func status() async throws -> Status {
    let present = try await version { try await pool.query($0, $1) }
    return Status(
      present: present, newest: newest, pending: migrations.filter { $0.version > present }.map { "\($0.version) \($0.name)" })
  }

  /// Applies the missing files, each in its own transaction. Several processes may call this at once.
  ///
  /// - Parameter patience: for how long it tries again while another session holds a lock.
  /// - Throws: `BridgeError` with the code `storeTooNew`, or `storeUnavailable` if the role lacks the rights.
  public func migrate(patience: Duration = .zero) async throws {
    if try await status().present == newest { return }
    let end = ContinuousClock.now + patience
    while true {
      do {
        if try await !applyNext() { return }
      } catch let error as PostgresError where error.isRetryable && error.code == .server {
        logger.debug("another session holds a lock", metadata: ["error": "\(error)"])
        // Agents that have waited behind the migration go on meanwhile.
        try await Task.pause(for: .milliseconds(Self.lockTimeout) * Double.random(in: 1...3))
        if ContinuousClock.now >= end { throw error }
      }
    }
  }

  /// Rebuilds the text index where a migration left that to be done: that blocks nobody and may take minutes. Only an owner can.
  public func rebuildTextIndex() async throws {
    let due = try await pool.query(
      """
      SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
      WHERE nspname = $1 AND relname = 'messages_words' AND pg_catalog.obj_description(c.oid, 'pg_class') = '\(Self.rebuildMark)'
        AND pg_catalog.pg_has_role(relowner, 'USAGE')
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index WHERE index_relid = c.oid)
      """, [.text(schema.name)])
    guard !due.isEmpty else { return }
    logger.notice("rebuilding the text index", metadata: ["schema": "\(schema.name)"])
    for statement in Self.rebuilding(schema) {
      try await pool.withConnection { try await $0.query(statement, timeout: .seconds(86_400)) }
    }
  }

  /// The comment on the text index, set by migration 7, while it is to be rebuilt.
  static let rebuildMark = "to be rebuilt"

  private static func rebuilding(_ schema: WorkspaceSchema) -> [String] {
    let index = "\(schema.quoted).messages_words"
    // The first is what an attempt that was cut short has left.
    return ["DROP INDEX CONCURRENTLY IF EXISTS \(index)_ccnew", "REINDEX INDEX CONCURRENTLY \(index)", "COMMENT ON INDEX \(index) IS NULL"]
  }

  /// - Returns: whether a file was applied.
  private func applyNext() async throws -> Bool {
    do {
      return try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        try await transaction.query("SET LOCAL lock_timeout = '500ms'")
        try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [.text(schema.lock)])
        let present = try await version { try await transaction.query($0, $1) }
        guard present <= newest else { throw tooNew(present) }
        guard let next = migrations.first(where: { $0.version > present }) else { return false }
        try await lockTables(transaction)
        try await transaction.execute(schema.sql(of: next, isNewest: next.version == newest))
        logger.info("applied schema", metadata: ["schema": "\(schema.name)", "version": "\(next.version)", "name": "\(next.name)"])
        return true
      }
    } catch let error as PostgresError where error.sqlState == .insufficientPrivilege {
      throw BridgeError(
        .storeUnavailable,
        "The database role may not create the schema \(schema.name) (\(error.server?.message ?? "no rights")): "
          + "somebody with the rights must run `cowork-code-mcp-server migrate --database-url URL`, or what `migrate --print` shows, once.")
    }
  }

  /// For so many milliseconds others may have to wait behind a lock that the migration waits for. Less than `deadlock_timeout`.
  private static let lockTimeout = 100

  /// Locks all tables before anything is changed. Verbs read `agent_logins` first: once that is locked, none of them holds any other lock, and
  /// those that begin wait there.
  private func lockTables(_ transaction: PostgresTransaction) async throws {
    try await transaction.query("SET LOCAL lock_timeout = \(Self.lockTimeout)")
    let tables: String? = try await transaction.query(
      """
      SELECT string_agg(format('%I.%I', schemaname, tablename), ', ' ORDER BY tablename <> 'agent_logins', tablename)
      FROM pg_catalog.pg_tables WHERE schemaname = $1
      """, [.text(schema.name)]
    ).only.get(0)
    if let tables { try await transaction.query("LOCK TABLE \(tables)") }
  }

  /// 0 when there is no schema. A login of an agent asks the function; before there was one, the table.
  private func version(_ query: (String, [PostgresParameter]) async throws -> PostgresRows) async throws -> Int {
    // Not to_regclass: it may have cached, before the lock, that there is no such table.
    let found = try await query(
      """
      SELECT pg_catalog.current_setting('default_transaction_isolation') <> 'read committed' AS is_isolated,
        EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'bridge_schema') AS has_table,
        EXISTS (SELECT 1 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
          WHERE nspname = $1 AND proname = 'schema_version') AS has_function
      """, [.text(schema.name)]
    ).only
    pool.setsIsolation = try found.get("is_isolated")
    guard try found.get("has_table") else { return 0 }
    let source = try found.get("has_function") ? "schema_version()" : "bridge_schema"
    let column = try found.get("has_function") ? "schema_version" : "COALESCE(MAX(version), 0)"
    let version = try await query("SELECT \(column) FROM \(schema.quoted).\(source)", []).only.get(0, as: Int.self)
    guard version <= newest else { throw tooNew(version) }
    return version
  }

  private func tooNew(_ present: Int) -> BridgeError {
    .storeTooNew("The schema \(schema.name)", version: present, newest: newest)
  }
}
