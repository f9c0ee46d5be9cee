/// The schema of the stores: the numbered files beside this one, carried by the binary.
public enum Schema {
  /// One numbered file.
  public struct Migration: Sendable {
    /// Its number; files are applied in this order.
    public let version: Int
    public let name: String
    public let sql: String

    init(_ version: Int, _ name: String, _ bytes: [UInt8]) {
      self.version = version
      self.name = name
      self.sql = String(decoding: bytes, as: UTF8.self)
    }
  }

  /// `sqlite/sqlite_NNNN_….sql`.
  public static let sqlite = [
    Migration(1, "bridge", PackageResources.sqlite_0001_bridge_sql),
    Migration(2, "scale", PackageResources.sqlite_0002_scale_sql),
    Migration(3, "leases", PackageResources.sqlite_0003_leases_sql),
    Migration(4, "news", PackageResources.sqlite_0004_news_sql),
    Migration(5, "search", PackageResources.sqlite_0005_search_sql),
    Migration(6, "fewer_indexes", PackageResources.sqlite_0006_fewer_indexes_sql),
    Migration(7, "sessions", PackageResources.sqlite_0007_sessions_sql),
  ]

  /// `postgres/postgres_NNNN_….sql`. psql's variable `schema` stands for the workspace's schema.
  public static let postgres = [
    Migration(1, "bridge", PackageResources.postgres_0001_bridge_sql),
    Migration(2, "scale", PackageResources.postgres_0002_scale_sql),
    Migration(3, "watching", PackageResources.postgres_0003_watching_sql),
    Migration(4, "leases", PackageResources.postgres_0004_leases_sql),
    Migration(5, "functions", PackageResources.postgres_0005_functions_sql),
    Migration(6, "news", PackageResources.postgres_0006_news_sql),
    Migration(7, "search", PackageResources.postgres_0007_search_sql),
    Migration(8, "sessions", PackageResources.postgres_0008_sessions_sql),
    Migration(9, "shapes", PackageResources.postgres_0009_shapes_sql),
    Migration(10, "looks", PackageResources.postgres_0010_looks_sql),
  ]

  /// `postgres/postgres_api_N_….sql`, in order: the functions, which are applied after the newest numbered file, in the same transaction. A
  /// change of them needs a new numbered file: a database that has the newest number already keeps its functions.
  public static let postgresFunctions = [
    PackageResources.postgres_api_1_records_sql, PackageResources.postgres_api_2_access_sql, PackageResources.postgres_api_3_leases_sql,
    PackageResources.postgres_api_4_messages_sql, PackageResources.postgres_api_5_tasks_sql, PackageResources.postgres_api_6_agents_sql,
    PackageResources.postgres_api_7_history_sql, PackageResources.postgres_api_8_overview_sql,
    PackageResources.postgres_api_9_rights_sql,
  ].map { String(decoding: $0, as: UTF8.self) }.joined()
}
