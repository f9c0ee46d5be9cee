import PostgresTesting
import Testing

@testable import PostgresClient

@Suite struct QueryTests {
  @Test func valuesOfEachTypeGoAndComeBack() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let rows = try await connection.query(
      "SELECT $1::text AS t, $2 AS i, $3 AS b, $4::text AS n, $5 AS ta, $6 AS ia, $7 AS d, $8::uuid AS u",
      [
        "naïve 🎉 \"q\" \\", 9_007_199_254_740_993, false, nil, .textArray(["a,b", "\"", "NULL", "🎉"]),
        .intArray([-1, .max]), 1.5, "5f6c1f3e-2b61-4a3a-9f57-9c6c7f3b2a10",
      ])
    let row = try #require(rows.first)
    #expect(try row.get("t", as: String.self) == "naïve 🎉 \"q\" \\")
    #expect(try row.get("i", as: Int64.self) == 9_007_199_254_740_993)
    #expect(try row.get("b", as: Bool.self) == false)
    #expect(try row.get("n", as: String?.self) == nil)
    #expect(row.isNull("n"))
    #expect(try row.get("ta", as: [String].self) == ["a,b", "\"", "NULL", "🎉"])
    #expect(try row.get("ia", as: [Int64].self) == [-1, .max])
    #expect(try row.get("d", as: Double.self) == 1.5)
    #expect(try row.get(7, as: String.self) == "5f6c1f3e-2b61-4a3a-9f57-9c6c7f3b2a10")
    #expect(rows.columnNames == ["t", "i", "b", "n", "ta", "ia", "d", "u"])
    await connection.close()
  }

  @Test func wrongReadsAreTypedErrors() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let row = try #require(try await connection.query("SELECT NULL::text AS n, 'abc' AS t").first)
    for body in [
      { _ = try row.get("n", as: String.self) }, { _ = try row.get("t", as: Int.self) }, { _ = try row.get("x", as: Int.self) },
      { _ = try row.get(2, as: Int.self) },
    ] as [() throws -> Void] {
      #expect(try await postgresError { try body() }.code == .decodingFailed)
    }
    await connection.close()
  }

  @Test func serverErrorsCarryTheirStateAndLeaveTheConnectionUsable() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let results = try await connection.execute("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    #expect(results.map(\.commandTag) == ["CREATE TABLE", "INSERT 0 2"])
    let error = try await postgresError { try await connection.query("INSERT INTO t VALUES ($1, 'z')", [1]) }
    #expect(error.code == .server)
    #expect(error.sqlState == .uniqueViolation)
    #expect(error.description.contains("23505"))
    #expect(try await postgresError { try await connection.query("SELEC 1") }.sqlState == .syntaxError)
    #expect(try await postgresError { try await connection.query("SELECT * FROM nowhere") }.sqlState == .undefinedTable)
    #expect(try await postgresError { try await connection.query("SELECT $1::text", ["a\0"]) }.code == .invalidParameter)
    #expect(
      try await connection.query("UPDATE t SET v = $1 WHERE id = ANY($2::int[])", ["w", .intArray([1, 2, 3])]).commandTag == "UPDATE 2")
    await connection.close()
  }

  @Test func aStatementThatIsRepeatedIsPreparedOnce() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    func preparedStatements() async throws -> [String] {
      try await connection.execute("SELECT statement FROM pg_prepared_statements").last?.map { try $0.get(0) } ?? []
    }
    for number in 1...4 {
      #expect(try await connection.query("SELECT $1 + 1", [.int(number)])[0].get(0, as: Int.self) == number + 1)
      #expect(try await preparedStatements() == (number == 1 ? [] : ["SELECT $1 + 1"]))
    }
    // With other types it is another statement.
    for _ in 1...2 { #expect(try await connection.query("SELECT $1 + 1", [.double(0.5)])[0].get(0, as: Double.self) == 1.5) }
    #expect(try await preparedStatements().count == 2)
    for _ in 1...3 { #expect(try await postgresError { try await connection.query("SELEC $1", [1]) }.sqlState == .syntaxError) }
    let negated = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 1...20 { group.addTask { try await connection.query("SELECT -$1", [.int(number)])[0].get(0) } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(negated == Set((1...20).map { -$0 }))
    await connection.close()
  }

  @Test func aPreparedStatementThatTheServerRefusesIsSentUnprepared() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    try await connection.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    func columns() async throws -> [String] { try await connection.query("SELECT * FROM t").columnNames }
    for _ in 1...3 { #expect(try await columns() == ["a"]) }
    try await connection.execute("ALTER TABLE t ADD COLUMN b int")
    for _ in 1...2 { #expect(try await columns() == ["a", "b"]) }
    for _ in 1...3 { #expect(try await connection.query("SELECT 1 AS one").columnNames == ["one"]) }
    try await connection.execute("DEALLOCATE ALL")
    for _ in 1...2 { #expect(try await connection.query("SELECT 1 AS one").columnNames == ["one"]) }
    await connection.close()
  }

  @Test func aFailedScriptUndoesAll() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let error = try await postgresError { try await connection.execute("CREATE TABLE s(); SELECT 1/0; CREATE TABLE s2()") }
    #expect(error.sqlState == SQLState("22012"))
    #expect(try await connection.query("SELECT to_regclass('s')::text").first?.get(0, as: String?.self) == .some(nil))
    await connection.close()
  }

  @Test func deferredConstraintsFailTheAutocommitStatement() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    try await connection.execute("CREATE TABLE p(id int PRIMARY KEY); CREATE TABLE c(p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
    #expect(try await postgresError { try await connection.query("INSERT INTO c VALUES (1)") }.sqlState == .foreignKeyViolation)
    await connection.close()
  }

  @Test func bigTextSurvives() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let text = String(repeating: "🎉é", count: 256 * 1024 / 6)
    #expect(try await connection.query("SELECT $1::text", [.text(text)]).first?.get(0, as: String.self) == text)
    await connection.close()
  }

  @Test func megabytesThroughAFullSocketSurvive() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let text = String(repeating: "x", count: 4_000_000)
    #expect(try await connection.query("SELECT length($1::text), $1::text", [.text(text)]).first?.get(0, as: Int.self) == 4_000_000)
    await connection.close()
  }

  @Test func concurrentCommandsRunInOrderAndGetTheirOwnResults() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    try await connection.execute("CREATE TABLE log(n serial, v int)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          let value = try await connection.query("INSERT INTO log(v) VALUES ($1) RETURNING v", [.int(number)]).first?.get(0, as: Int.self)
          #expect(value == number)
        }
      }
      try await group.waitForAll()
    }
    #expect(try await connection.query("SELECT count(*) FROM log").first?.get(0, as: Int.self) == 200)
    await connection.close()
  }

  @Test func copyIsRefusedWithATypedError() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let error = try await postgresError { try await connection.execute("COPY (SELECT 1) TO STDOUT") }
    #expect(!connection.isOpen)
    #expect(error.code == .protocolViolation)
  }
}

@Suite struct CancellationTests {
  @Test(.timeLimit(.minutes(1))) func aCancelledTaskCancelsItsQueryAndTheConnectionStaysUsable() async throws {
    let (database, connection) = try await PostgresCluster.connected()
    let other = try await PostgresConnection.connect(try ConnectionSettings(database.url))
    let task = Task { try await connection.query("SELECT pg_sleep(600)") }
    try await untilRunning("SELECT pg_sleep(600)", other)
    let queued = Task { try await connection.query("SELECT 7") }
    task.cancel()
    #expect(try await postgresError { _ = try await task.value }.code == .cancelled)
    #expect(try await queued.value.first?.get(0, as: Int.self) == 7)
    #expect(connection.isOpen)
    await connection.close()
    await other.close()
  }

  @Test(.timeLimit(.minutes(1))) func aCancelRequestNeverHitsTheNextStatement() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    for round in 0..<100 {
      let task = Task { try await connection.query("SELECT pg_sleep($1)", [.double(Double(round % 5) / 1000)]) }
      for _ in 0..<(round % 7) { await Task.yield() }
      let next = Task { try await connection.query("SELECT $1, pg_sleep(0.0005)", [.int(round)]) }
      task.cancel()
      #expect(try await next.value.first?.get(0, as: Int.self) == round)
      if case .failure(let error) = await task.result { #expect((error as? PostgresError)?.code == .cancelled) }
    }
    #expect(connection.isOpen)
    await connection.close()
  }

  @Test(.timeLimit(.minutes(1))) func aQueuedCommandOfACancelledTaskIsNeverSent() async throws {
    let (database, connection) = try await PostgresCluster.connected()
    let other = try await PostgresConnection.connect(try ConnectionSettings(database.url))
    try await connection.execute("CREATE TABLE q()")
    let running = Task { try await connection.query("SELECT pg_sleep(600)") }
    try await untilRunning("SELECT pg_sleep(600)", other)
    let queued = Task { try await connection.query("INSERT INTO q DEFAULT VALUES") }
    queued.cancel()
    #expect(try await postgresError { _ = try await queued.value }.code == .cancelled)
    running.cancel()
    _ = await running.result
    #expect(try await connection.query("SELECT FROM q").count == 0)
    await connection.close()
    await other.close()
  }

  @Test(.timeLimit(.minutes(1))) func aStatementThatTakesTooLongIsCancelled() async throws {
    let (_, connection) = try await PostgresCluster.connected()
    let error = try await postgresError { try await connection.query("SELECT pg_sleep(600)", [], timeout: .milliseconds(50)) }
    #expect(error.code == .timeout)
    #expect(!error.outcomeIsUnknown)
    #expect(try await connection.query("SELECT 1").count == 1)
    await connection.close()
  }

  /// What it waits for belongs to somebody else, and goes on.
  @Test(.timeLimit(.minutes(1))) func aStatementThatWaitsForItsTurnIsOverWithItsCall() async throws {
    let (database, connection) = try await PostgresCluster.connected()
    let holder = try await PostgresConnection.connect(ConnectionSettings(database.url))
    try await holder.execute("SELECT pg_advisory_lock(1)")
    let running = "SELECT pg_advisory_lock(1)"
    async let blocked = connection.query(running, [], timeout: .seconds(600))
    try await untilRunning(running, holder)
    let error = try await postgresError {
      try await CallLimit.with(CallLimit(until: .now + .seconds(1))) { _ = try await connection.query("SELECT 1") }
    }
    #expect(error.code == .timeout && !error.outcomeIsUnknown)
    try await holder.execute("SELECT pg_advisory_unlock(1)")
    #expect(try await blocked.count == 1)
    for one in [connection, holder] { await one.close() }
  }

  @Test(.timeLimit(.minutes(1))) func aConnectionThatDoesNotAnswerACancelRequestIsGivenUp() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    var settings = try ConnectionSettings(database.url(port: proxy.port))
    settings.cancelGrace = .milliseconds(100)
    let connection = try await PostgresConnection.connect(settings)
    await proxy.blackHole()
    let error = try await postgresError { try await connection.query("SELECT 1", [], timeout: .milliseconds(50)) }
    #expect(error.code == .timeout)
    #expect(error.outcomeIsUnknown)
    #expect(!connection.isOpen)
    await proxy.close()
  }

  /// Polls the server until the statement runs.
  private func untilRunning(_ statement: String, _ connection: PostgresConnection) async throws {
    while try await connection.query(
      "SELECT FROM pg_stat_activity WHERE query = $1 AND state = 'active' AND datname = current_database()", [.text(statement)]
    ).isEmpty {}
  }
}
