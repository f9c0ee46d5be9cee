import PostgresTesting
import Testing

@testable import PostgresClient

@Suite(.timeLimit(.minutes(2))) struct NamedStatementServerTests {
  private static let namesOnTheServer = "SELECT statement FROM pg_prepared_statements"

  private func names(_ executor: some PostgresExecutor) async throws -> [String] {
    try await executor.query(Self.namesOnTheServer).map { try $0.get(0) }
  }

  private func double(_ value: Int, _ executor: some PostgresExecutor) async throws -> Int? {
    try await executor.query("SELECT $1 * 2", [.int(value)], planning: .kept).first?.get(0)
  }

  @Test func whatIsRepeatedHasANameInAndOutOfTransactions() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    #expect(try await double(1, connection) == 2)
    #expect(try await names(connection).isEmpty)
    for value in 2..<9 { #expect(try await double(value, connection) == value * 2) }
    #expect(try await names(connection) == ["SELECT $1 * 2"])
    #expect(
      try await connection.withTransaction { transaction in
        for value in 2..<9 { _ = try await double(value, transaction) }
        return try await double(9, transaction)
      } == 18)
    #expect(try await names(connection) == ["SELECT $1 * 2"])
    await connection.close()
  }

  /// The answer to BEGIN names the server process, so no further query is needed.
  @Test func transactionsAloneAreEnough() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    for value in 1..<4 {
      #expect(try await connection.withTransaction { try await double(value, $0) } == value * 2)
    }
    #expect(try await names(connection) == ["SELECT $1 * 2"])
    await connection.close()
  }

  @Test func whatIsToBePlannedAnewHasNone() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    for _ in 0..<4 { try await connection.query("SELECT 1") }
    #expect(try await names(connection).isEmpty)
    await connection.close()
  }

  @Test(arguments: [PgBouncer.PoolMode.transaction, .session]) func behindAPoolerNothingHasAName(_ mode: PgBouncer.PoolMode) async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let bouncer = try await PgBouncer.start(for: database.cluster, mode: mode)
    let pool = PostgresPool(try ConnectionSettings(bouncer.url(database)))
    let doubles = try await withThrowingTaskGroup(of: [Int?].self) { group in
      for _ in 0..<40 {
        group.addTask { [try await double(21, pool), try await pool.withTransaction { try await double(21, $0) }] }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(doubles == Array(repeating: 42, count: 80))
    for _ in 0..<8 { #expect(try await names(pool).isEmpty) }
    await pool.close()
    await bouncer.destroy()
  }

  @Test func aNameThatIsGoneIsGivenAgain() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    for _ in 0..<3 { _ = try await double(1, connection) }
    try await connection.execute("DEALLOCATE ALL")
    #expect(try await double(4, connection) == 8)
    for _ in 0..<3 { _ = try await double(1, connection) }
    #expect(try await names(connection) == ["SELECT $1 * 2"])
    try await connection.execute("DEALLOCATE ALL")
    let error = try await postgresError {
      _ = try await connection.withTransaction { try await double(1, $0) }
    }
    #expect(error.sqlState == .invalidStatementName)
    #expect(try await connection.withTransaction { try await double(4, $0) } == 8)
    await connection.close()
  }

  @Test func aTableMayChangeItsShape() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    try await connection.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    for _ in 0..<3 { try await connection.query("SELECT * FROM t", planning: .kept) }
    try await connection.execute("ALTER TABLE t ADD COLUMN b int DEFAULT 2")
    #expect(try await connection.query("SELECT * FROM t", planning: .kept).first?.get("b", as: Int.self) == 2)
    await connection.close()
  }

  @Test func theServersRefusalIsThatOfTheStatement() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    for _ in 0..<4 {
      #expect(try await postgresError { try await connection.query("SELECT * FROM nowhere", planning: .kept) }.sqlState == .undefinedTable)
    }
    try await connection.execute("CREATE TABLE nowhere (a int)")
    for _ in 0..<4 { #expect(try await connection.query("SELECT * FROM nowhere", planning: .kept).isEmpty) }
    await connection.close()
  }

  /// Preparing changes nothing, so losing it leaves no doubt about the statement.
  @Test func aConnectionThatIsLostOverANameLeavesNoDoubt() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    let connection = try await PostgresConnection.connect(
      try ConnectionSettings(database.url(port: proxy.port, parameters: "sslmode=disable")))
    try await connection.execute("CREATE TABLE t (a int)")
    try await connection.query("INSERT INTO t VALUES ($1)", [1], planning: .kept)
    await proxy.cutReplies(after: "INSERT INTO t")
    let error = try await postgresError { try await connection.query("INSERT INTO t VALUES ($1)", [2], planning: .kept) }
    #expect(error.code == .connectionLost && !error.outcomeIsUnknown)
    #expect(try await database.psql("SELECT count(*) FROM t") == "1\n")
    await proxy.close()
  }
}
