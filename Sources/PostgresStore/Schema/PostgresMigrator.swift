import Bridge
import Logging
import PostgresClient
import Schema

/// Migrates a workspace's schema to this program's version.
public struct PostgresMigrator: Sendable {
  /// The version of a schema.
  public struct Status: Hashable, Sendable {
    /// 0 when there is none.
    public let present: Int
    public let newest: Int
    public let pending: [String]
  }

  static let newest = Schema.postgres.map(\.version).max() ?? 0

  let pool: PostgresPool
  let schema: WorkspaceSchema
  let logger: Logger

  public init(pool: PostgresPool, schema: WorkspaceSchema, logger: Logger) {
    self.pool = pool
    self.schema = schema
    self.logger = logger
  }

  /// The migration as SQL, for a person who has the rights.
  public static func script(for schema: WorkspaceSchema, from present: Int = 0) -> String {
    Schema.postgres.filter { $0.version > present }
      .map { "BEGIN ISOLATION LEVEL READ COMMITTED;\n\(schema.sql(of: $0))COMMIT;\n" }.joined(separator: "\n")
  }

  public func status() async throws -> Status {
    let present = try await version { try await pool.query($0, $1) }
    return Status(
      present: present, newest: Self.newest,
      pending: Schema.postgres.filter { $0.version > present }.map { "\($0.version) \($0.name)" })
  }

  /// Applies the missing files, each in its own transaction. Several processes may call this at once.
  ///
  /// - Parameter patience: for how long it tries again while another session holds a lock.
  /// - Throws: `BridgeError` with the code `storeTooNew`, or `storeUnavailable` if the role lacks the rights.
  public func migrate(patience: Duration = .zero) async throws {
    if try await status().present == Self.newest { return }
    let end = ContinuousClock.now + patience
    while true {
      do {
        if try await !applyNext() { return }
      } catch let error as PostgresError where error.isRetryable && error.code == .server && ContinuousClock.now < end {
        logger.debug("another session holds a lock", metadata: ["error": "\(error)"])
      }
    }
  }

  /// - Returns: whether a file was applied.
  private func applyNext() async throws -> Bool {
    do {
      return try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        // Others wait behind a table's lock that is waited for.
        try await transaction.query("SET LOCAL lock_timeout = '500ms'")
        try await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [.text("cowork_bridge \(schema.name)")])
        let present = try await version { try await transaction.query($0, $1) }
        guard present <= Self.newest else { throw tooNew(present) }
        guard let next = Schema.postgres.first(where: { $0.version > present }) else { return false }
        try await transaction.execute(schema.sql(of: next))
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
    guard version <= Self.newest else { throw tooNew(version) }
    return version
  }

  private func tooNew(_ present: Int) -> BridgeError {
    .storeTooNew("The schema \(schema.name)", version: present, newest: Self.newest)
  }
}
