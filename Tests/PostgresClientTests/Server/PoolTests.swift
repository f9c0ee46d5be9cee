import PostgresTesting
import Testing

@testable import PostgresClient

@Suite(.timeLimit(.minutes(1))) struct PoolTests {
  private func quick(_ maximum: Int = 1) -> PoolConfiguration {
    var configuration = PoolConfiguration(maximumConnections: maximum)
    configuration.backoff = Backoff(minimum: .milliseconds(1), maximum: .milliseconds(20))
    return configuration
  }

  private func makePool(_ maximum: Int = 1) async throws -> (TestDatabase, PostgresPool) {
    let database = try await PostgresCluster.shared().createDatabase()
    return (database, PostgresPool(try ConnectionSettings(database.url), quick(maximum)))
  }

  private func processID(_ pool: PostgresPool) async throws -> Int { try await pool.query("SELECT pg_backend_pid()").first?.get(0) ?? 0 }

  @Test func opensNoMoreThanItsMaximumAndReuses() async throws {
    let (_, pool) = try await makePool(3)
    let first = try await processID(pool)
    #expect(try await processID(pool) == first)
    #expect(pool.openCount == 1)
    let seen = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<100 { group.addTask { try await processID(pool) } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(seen.count <= 3)
    await pool.close()
    #expect(try await postgresError { try await pool.query("SELECT 1") }.code == .closed)
  }

  @Test func idleConnectionsAreClosed() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    var configuration = quick()
    #expect(configuration.idleTimeout == .seconds(60))
    configuration.idleTimeout = .milliseconds(400)
    let pool = PostgresPool(try ConnectionSettings(database.url), configuration)
    for _ in 0..<2 {
      let start = ContinuousClock.now
      #expect(try await pool.query("SELECT 1").count == 1)
      #expect(pool.openCount == 1)
      while pool.openCount > 0 { await Task.yield() }
      #expect(ContinuousClock.now - start >= .milliseconds(400))
    }
    await pool.close()
  }

  @Test func terminatedConnectionsAreReplacedUnnoticed() async throws {
    let (database, pool) = try await makePool()
    for _ in 0..<10 {
      let pid = try await processID(pool)
      try await database.terminate(where: "pid = \(pid)")
      #expect(try await processID(pool) != pid)
    }
    for _ in 0..<10 {
      let pid = try await processID(pool)
      try await database.terminate(where: "pid = \(pid)")
      let value = try await pool.withTransaction { try await $0.query("SELECT 42").first?.get(0, as: Int.self) }
      #expect(value == 42)
    }
    await pool.close()
  }

  @Test func writesRepeatedAfterUnknownOutcomesAreNeitherLostNorDoubled() async throws {
    let (database, pool) = try await makePool(3)
    try await pool.execute("CREATE TABLE t(id int PRIMARY KEY, tries int)")
    let finished = Task {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<4 {
          group.addTask {
            for number in 0..<50 { try await insert(worker * 50 + number, pool) }
          }
        }
        try await group.waitForAll()
      }
    }
    for _ in 0..<10 {
      try await database.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    }
    try await finished.value
    #expect(try await pool.query("SELECT count(*) FROM t").first?.get(0, as: Int.self) == 200)
    await pool.close()
  }

  /// As a store does: repeat the same id until it is known to be written.
  private func insert(_ id: Int, _ pool: PostgresPool) async throws {
    while true {
      do {
        try await pool.withTransaction { try await $0.query("INSERT INTO t VALUES ($1, 1) ON CONFLICT DO NOTHING", [.int(id)]) }
        return
      } catch let error as PostgresError where error.isRetryable {}
    }
  }

  @Test func aRestartIsSurvived() async throws {
    let cluster = try await PostgresCluster.start()
    let database = try await cluster.createDatabase()
    let pool = PostgresPool(try ConnectionSettings(database.url), quick())
    try await pool.query("SELECT 1")
    try await cluster.restart(mode: .immediate)
    #expect(try await pool.query("SELECT 1").count == 1)
    await pool.close()
    await cluster.destroy()
  }

  @Test func aConnectionThatDoesNotAnswerIsReplacedBeforeItIsUsed() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    var configuration = quick()
    configuration.verifyInterval = .zero
    let pool = PostgresPool(try ConnectionSettings(database.url(port: proxy.port)), configuration)
    let pid = try await processID(pool)
    await proxy.cut(before: "pg_is_in_recovery")
    #expect(try await processID(pool) != pid)
    await pool.close()
    await proxy.close()
  }

  /// Two hosts; the first is made read-only while the pool is connected to it.
  private func withTwoHosts(
    _ configuration: PoolConfiguration, _ body: (PostgresPool, _ first: PostgresCluster, _ second: PostgresCluster) async throws -> Void
  ) async throws {
    let (first, second) = (try await PostgresCluster.start(), try await PostgresCluster.shared())
    let pool = PostgresPool(
      try ConnectionSettings("postgres://postgres@127.0.0.1:\(first.port),127.0.0.1:\(second.port)/postgres"), configuration)
    #expect(try await port(pool) == first.port)
    try await first.setReadOnly(true)
    try await body(pool, first, second)
    await pool.close()
    await first.destroy()
  }

  private func port(_ pool: PostgresPool) async throws -> UInt16? {
    try await pool.query("SHOW port").first.map { try $0.get(0, as: String.self) }.flatMap { UInt16($0) }
  }

  @Test func aServerThatTakesNoWritesAnyMoreIsLeftAfterAWhileAlsoByReads() async throws {
    #expect(PoolConfiguration().verifyInterval + PoolConfiguration().verifyDeadline <= .seconds(5))
    var configuration = quick()
    configuration.verifyInterval = .zero
    try await withTwoHosts(configuration) { pool, _, second in
      let now = try await port(pool)
      #expect(now == second.port)
    }
  }

  @Test func aRefusedWriteLeavesTheServerAtOnce() async throws {
    try await withTwoHosts(quick(2)) { pool, first, second in
      _ = try await [pool.query("SELECT pg_sleep(0.1)"), pool.query("SELECT pg_sleep(0.1)")]
      let error = try await postgresError { try await pool.query("CREATE TABLE t()") }
      #expect(error.sqlState == .readOnlyTransaction)
      for _ in 0..<3 {
        let now = try await port(pool)
        #expect(now == second.port)
      }
    }
  }

  /// The second connection would be silent too, and is not waited for.
  @Test func aCallGivesASilentConnectionUpAfterTwoSecondsAndTheNextIsNew() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    let pool = PostgresPool(try ConnectionSettings(database.url(port: proxy.port)), quick(2))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 { group.addTask { try await pool.query("SELECT pg_sleep(0.2)") } }
      try await group.waitForAll()
    }
    #expect(pool.openCount == 2)
    await proxy.swallowOpen()
    let start = ContinuousClock.now
    let limit = CallLimit(until: start + .seconds(10), silence: .seconds(2))
    let error = try await postgresError { try await CallLimit.with(limit) { _ = try await pool.query("SELECT 1") } }
    #expect(error.outcomeIsUnknown && error.code == .timeout, "\(error)")
    #expect(ContinuousClock.now - start < .seconds(4))
    #expect(try await pool.query("SELECT 1").count == 1)
    #expect(ContinuousClock.now - start < .seconds(5))
    await pool.close()
    await proxy.close()
  }

  @Test func oneTimeHoldsForAllThatACallWaitsFor() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    let pool = PostgresPool(try ConnectionSettings(database.url(port: proxy.port)), quick())
    func expectTimeout(_ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void) async throws {
      let limit = CallLimit(until: .now + .seconds(1))
      let start = ContinuousClock.now
      let error = try await postgresError { try await CallLimit.with(limit) { try await body() } }
      #expect(error.code == .timeout || error.code == .poolTimeout, "\(error)", sourceLocation: location)
      #expect(ContinuousClock.now - start < .seconds(4), sourceLocation: location)
    }
    try await expectTimeout { try await pool.query("SELECT pg_sleep(600)") }
    try await pool.withConnection { _ in try await expectTimeout { try await pool.query("SELECT 1") } }
    try await expectTimeout { try await pool.withTransaction { _ = try await $0.query("SELECT pg_sleep(600)") } }
    await proxy.blackHole()
    try await expectTimeout { try await pool.query("SELECT 1") }
    try await expectTimeout { try await pool.query("SELECT 1") }
    await pool.close()
    await proxy.close()
  }

  @Test func aCallerWaitsForAServerThatComesInTime() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    await proxy.refuse()
    let pool = PostgresPool(try ConnectionSettings(database.url(port: proxy.port)), quick())
    let task = Task { try await pool.query("SELECT 5") }
    while pool.openCount == 0 { await Task.yield() }
    await proxy.heal()
    #expect(try await task.value.first?.get(0, as: Int.self) == 5)
    await pool.close()
    await proxy.close()
  }

  @Test func waitingTooLongSaysWhatWasTried() async throws {
    let port = try FaultProxy.freePort()
    let settings = try ConnectionSettings("postgres://app:hidden-word@127.0.0.1:\(port)/bridge")
    var configuration = quick()
    configuration.acquireTimeout = .milliseconds(200)
    let pool = PostgresPool(settings, configuration)
    let error = try await postgresError { try await pool.query("SELECT 5") }
    #expect(error.code == .poolTimeout)
    #expect(error.attempts.map(\.port) == ["\(port)"])
    #expect(error.description.contains("127.0.0.1:\(port)"))
    #expect(!"\(error)\(String(reflecting: error))".contains("hidden-word"))
    await pool.close()
  }

  @Test func aWrongPasswordFailsAtOnce() async throws {
    let cluster = try await PostgresCluster.start(.init(password: "right"))
    let settings = try ConnectionSettings("postgres://postgres:wr0ng-one@127.0.0.1:\(cluster.port)/postgres")
    let pool = PostgresPool(settings, quick())
    let error = try await postgresError { try await pool.query("SELECT 1") }
    #expect(error.code == .authenticationFailed)
    #expect(!"\(error)".contains("wr0ng"))
    await pool.close()
    await cluster.destroy()
  }

  @Test func aBusyPoolLetsCallersWaitAndBeCancelled() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    var configuration = quick()
    configuration.acquireTimeout = .seconds(3)
    let pool = PostgresPool(try ConnectionSettings(database.url), configuration)
    try await pool.withConnection { _ in
      let cancelled = Task { try await pool.query("SELECT 1") }
      cancelled.cancel()
      #expect(try await postgresError { _ = try await cancelled.value }.code == .cancelled)
      let error = try await postgresError { try await pool.query("SELECT 1") }
      #expect(error.code == .poolTimeout)
      #expect(error.description.contains("1 of 1 are in use"))
    }
    #expect(try await pool.query("SELECT 1").count == 1)
    await pool.close()
  }

  @Test func aConnectionLeftInATransactionIsNotHandedOn() async throws {
    let (_, pool) = try await makePool()
    let pid = try await pool.withConnection { connection in
      try await connection.query("BEGIN")
      return try await connection.query("SELECT pg_backend_pid()").first?.get(0, as: Int.self)
    }
    #expect(try await processID(pool) != pid)
    await pool.close()
  }

  @Test func everythingButListenWorksThroughATransactionPooler() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let bouncer = try await PgBouncer.start(for: database.cluster)
    let pool = PostgresPool(try ConnectionSettings(bouncer.url(database)), quick(4))
    try await pool.execute("CREATE TABLE t(v int)")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 {
        group.addTask {
          try await pool.query("INSERT INTO t VALUES ($1)", [.int(number)])
          try await pool.withTransaction { transaction in
            try await transaction.query("INSERT INTO t VALUES ($1)", [.int(number)])
            try await transaction.query("INSERT INTO t VALUES ($1)", [.int(number)])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await pool.query("SELECT count(*) FROM t").first?.get(0, as: Int.self) == 120)
    let error = try await postgresError { try await pool.query("SELECT pg_sleep(600)", [], timeout: .milliseconds(100)) }
    #expect(error.code == .timeout)
    await pool.close()
    await bouncer.destroy()
  }
}
