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
      .map { "BEGIN;\n\(schema.sql(of: $0))COMMIT;\n" }.joined(separator: "\n")
  }

  public func status() async throws -> Status {
    let present = try await version { try await pool.query($0, $1) }
    return Status(
      present: present, newest: Self.newest,
      pending: Schema.postgres.filter { $0.version > present }.map { "\($0.version) \($0.name)" })
  }

  /// Applies the missing files, each in its own transaction. Several processes may call this at once.
  ///
  /// - Throws: `BridgeError` with the code `storeTooNew`, or `storeUnavailable` if the role lacks the rights.
  public func migrate() async throws {
    if try await status().present == Self.newest { return }
    while try await applyNext() {}
  }

  /// - Returns: whether a file was applied.
  private func applyNext() async throws -> Bool {
    do {
      return try await pool.withTransaction { transaction in
        try await transaction.query("SET LOCAL lock_timeout = '3s'")
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

  private func version(_ query: (String, [PostgresParameter]) async throws -> PostgresRows) async throws -> Int {
    let table = "\(schema.quoted).bridge_schema"
    // Not to_regclass: it may have cached, before the lock, that there is no such table.
    let exists = try await query(
      "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'bridge_schema')", [.text(schema.name)]
    ).first?.get(0, as: Bool.self)
    guard exists == true else { return 0 }
    let version = try await query("SELECT COALESCE(MAX(version), 0) FROM \(table)", []).first?.get(0, as: Int.self) ?? 0
    guard version <= Self.newest else { throw tooNew(version) }
    return version
  }

  private func tooNew(_ present: Int) -> BridgeError {
    .storeTooNew("The schema \(schema.name)", version: present, newest: Self.newest)
  }
}
