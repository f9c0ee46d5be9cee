import PostgresTesting
import ProcessTesting
import Testing

@testable import PostgresClient

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
  private func quick() -> ListenerConfiguration {
    var configuration = ListenerConfiguration()
    configuration.backoff = Backoff(minimum: .milliseconds(1), maximum: .milliseconds(20))
    return configuration
  }

  private func start(
    _ url: String, _ configuration: ListenerConfiguration, through pool: PostgresPool? = nil
  ) throws -> (PostgresListener, EventReader, Task<Void, Never>) {
    var settings = try ConnectionSettings(url)
    let pool = pool ?? PostgresPool(settings)
    settings.applicationName = "listener"
    let events = EventReader()
    let listener = try PostgresListener(
      settings, channels: ["Some channel"], configuration, notifyingThrough: pool, onEvent: { events.add($0) })
    return (
      listener, events,
      Task {
        await listener.run()
        await pool.close()
      }
    )
  }

  private func notify(_ database: TestDatabase, _ payload: String) async throws {
    try await database.psql("NOTIFY \"Some channel\", '\(payload)'")
  }

  private func terminate(_ database: TestDatabase) async throws {
    try await database.terminate(where: "application_name = 'listener'")
  }

  @Test func hearsOthersOnceProven() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let (listener, events, task) = try start(database.url, quick())
    try await events.connected()
    try await events.listening()
    #expect(listener.state.isDelivering)
    try await notify(database, "hello")
    let notification = try await events.notification()
    #expect(notification.channel == "Some channel")
    #expect(notification.payload == "hello")
    task.cancel()
    await task.value
    guard case .stopped = listener.state else { return #expect(Bool(false), "\(listener.state)") }
  }

  @Test func isNeverInATransaction() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let (_, events, task) = try start(database.url, quick())
    try await events.listening()
    let states = try await database.psql(
      "SELECT state, xact_start IS NULL FROM pg_stat_activity WHERE application_name = 'listener' AND datname = current_database()")
    #expect(states == "idle|t\n")
    task.cancel()
  }

  @Test func comesBackEachTimeItIsTerminated() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let (_, events, task) = try start(database.url, quick())
    try await events.listening()
    for round in 0..<10 {
      try await terminate(database)
      #expect(try await events.disconnected().code == .connectionLost)
      try await events.connected()
      try await events.listening()
      try await notify(database, "\(round)")
      #expect(try await events.notification().payload == "\(round)")
    }
    task.cancel()
  }

  @Test func comesBackAfterAnImmediateRestart() async throws {
    let cluster = try await PostgresCluster.start()
    let database = try await cluster.createDatabase()
    let (_, events, task) = try start(database.url, quick())
    try await events.listening()
    try await cluster.restart(mode: .immediate)
    _ = try await events.disconnected()
    try await events.connected()
    try await events.listening()
    try await cluster.kill()
    _ = try await events.disconnected()
    try await cluster.start()
    try await events.listening()
    try await notify(database, "again")
    #expect(try await events.notification().payload == "again")
    task.cancel()
    await task.value
    await cluster.destroy()
  }

  @Test func aBlackHoleIsFoundWithinIntervalAndDeadlineAndHeals() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    var configuration = quick()
    configuration.livenessInterval = .milliseconds(200)
    configuration.livenessDeadline = .seconds(1)
    let (listener, events, task) = try start(database.url(port: proxy.port, parameters: "connect_timeout=2"), configuration)
    try await events.listening()
    await proxy.blackHole()
    let start = ContinuousClock.now
    let error = try await events.disconnected()
    #expect(error.description.contains("did not answer"))
    // The third term is for a busy machine.
    #expect(ContinuousClock.now - start < .milliseconds(200 + 1000 + 3000))
    #expect(!listener.state.isDelivering)
    await proxy.heal()
    try await events.connected()
    try await events.listening()
    task.cancel()
    await task.value
    await proxy.close()
  }

  @Test func waitsForAServerThatComesLater() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    await proxy.refuse()
    let (_, events, task) = try start(database.url(port: proxy.port), quick())
    for _ in 0..<3 { #expect(try await events.disconnected().code == .connectionFailed) }
    await proxy.heal()
    try await events.connected()
    try await events.listening()
    task.cancel()
    await task.value
    await proxy.close()
  }

  /// Leaves a server that takes no writes any more, and goes on at the other, with the documented times.
  @Test(arguments: [false, true]) func leavesAReadOnlyServerWhileNothingHappens(isStandby: Bool) async throws {
    let first = try await PostgresCluster.start()
    let second = isStandby ? try await first.makeStandby() : try await PostgresCluster.start()
    let (_, events, task) = try start(
      "postgres://postgres@127.0.0.1:\(first.port),127.0.0.1:\(second.port)/postgres", ListenerConfiguration())
    try await events.listening()
    try await first.setReadOnly(true)
    let start = ContinuousClock.now
    if isStandby { try await second.promote() }
    #expect(try await events.disconnected().description.contains("takes no writes"))
    // The rest is for a busy machine.
    #expect(ContinuousClock.now - start < .seconds(5 + 3))
    try await events.connected()
    try await events.listening()
    try await second.psql("NOTIFY \"Some channel\", 'at the other'")
    #expect(try await events.notification().payload == "at the other")
    task.cancel()
    await task.value
    await first.destroy()
    await second.destroy()
  }

  /// Whatever the pooler does with its connections: several are open here.
  @Test(arguments: [false, true]) func aTransactionPoolerIsFoundOutAndKeepsNothing(isRoundRobin: Bool) async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let bouncer = try await PgBouncer.start(for: database.cluster, isRoundRobin: isRoundRobin)
    let pool = PostgresPool(try ConnectionSettings(bouncer.url(database)), PoolConfiguration(maximumConnections: 5))
    func onEach(_ statement: String) async throws -> [PostgresRows] {
      try await withThrowingTaskGroup(of: PostgresRows.self) { group in
        for _ in 0..<5 { group.addTask { try await pool.query(statement) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }
    _ = try await onEach("SELECT pg_sleep(0.3)")
    var configuration = quick()
    configuration.selfTestLimit = .milliseconds(300)
    configuration.selfTestRetry = .zero
    configuration.livenessInterval = .milliseconds(1)
    let (listener, events, task) = try start(bouncer.url(database), configuration, through: pool)
    for _ in 0..<10 {
      let event = try await events.next { if case .stateChanged = $0 { true } else { false } }
      guard case .stateChanged(.degraded(.notDelivered(poolerDetected: let isPooler))) = event else { throw TestingError("\(event)") }
      #expect(isPooler)
    }
    #expect(await events.seen.contains { if case .connected = $0 { true } else { false } })
    #expect(!listener.state.isDelivering)
    let looking = """
      SELECT pg_backend_pid(), array(SELECT pg_listening_channels() UNION SELECT name FROM pg_prepared_statements), pg_sleep(0.3)
      """
    for _ in 0..<2 { _ = try await onEach(looking) }
    let left = try await onEach(looking)
    let (processes, leftovers) = try (left.map { try $0[0].get(0, as: Int.self) }, left.flatMap { try $0[0].get(1, as: [String].self) })
    #expect(Set(processes).count > 1)
    #expect(leftovers.isEmpty)
    task.cancel()
    await task.value
    await bouncer.destroy()
  }

  /// With a statement's answer the pooler also forwards notifications of others.
  @Test func statementsOfOthersDoNotHideATransactionPooler() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let bouncer = try await PgBouncer.start(for: database.cluster)
    var configuration = quick()
    configuration.selfTestLimit = .milliseconds(50)
    configuration.selfTestRetry = .zero
    configuration.livenessInterval = .zero
    let (listener, events, task) = try start(bouncer.url(database), configuration)
    try await events.connected()
    let pool = PostgresPool(try ConnectionSettings(bouncer.url(database)))
    let others = Task {
      while !Task.isCancelled {
        if try await listener.query("SELECT 1", timeout: .seconds(30)) == nil { try await pool.query("SELECT 1") }
      }
    }
    for _ in 0..<20 {
      let event = try await events.next { if case .stateChanged = $0 { true } else { false } }
      guard case .stateChanged(.degraded(.notDelivered)) = event else { throw TestingError("\(event)") }
    }
    others.cancel()
    _ = await others.result
    await pool.close()
    task.cancel()
    await task.value
    await bouncer.destroy()
  }

  @Test func aSessionPoolerWorks() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let bouncer = try await PgBouncer.start(for: database.cluster, mode: .session)
    let (_, events, task) = try start(bouncer.url(database), quick())
    try await events.listening()
    try await notify(database, "through")
    #expect(try await events.notification().payload == "through")
    task.cancel()
    await task.value
    await bouncer.destroy()
  }

  @Test func aProofThatCannotBeMadeIsSaidAndRepeated() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let pool = PostgresPool(try ConnectionSettings(database.url))
    await pool.close()
    var configuration = quick()
    configuration.livenessInterval = .milliseconds(10)
    configuration.selfTestRetry = .milliseconds(60)
    let (_, events, task) = try start(database.url, configuration, through: pool)
    try await events.connected()
    for _ in 0..<2 {
      let event = try await events.next { if case .stateChanged = $0 { true } else { false } }
      guard case .stateChanged(.degraded(.untested(let error))) = event else { throw TestingError("\(event)") }
      #expect(error.code == .closed)
    }
    task.cancel()
    await task.value
  }

  @Test func asksAtIntervalsWhetherItLives() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    var configuration = quick()
    configuration.livenessInterval = .milliseconds(20)
    let (_, events, task) = try start(database.url(port: proxy.port), configuration)
    for _ in 0..<3 {
      try await events.listening()
      await proxy.cut(before: "pg_is_in_recovery")
      #expect(try await events.disconnected().code == .connectionLost)
    }
    task.cancel()
    await task.value
    await proxy.close()
  }

  @Test func runsStatementsOnItsConnectionWhileItHasOne() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxy = try FaultProxy(to: database.cluster.port)
    let (listener, events, task) = try start(database.url(port: proxy.port), quick())
    #expect(try await listener.query("SELECT 1", timeout: .seconds(30)) == nil)
    try await events.listening()
    let pid = try await listener.query("SELECT pg_backend_pid()", timeout: .seconds(30))?.first?.get(0, as: Int.self)
    let own = try await database.psql(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'listener' AND datname = current_database()")
    #expect(pid.map { "\($0)\n" } == own)
    try await notify(database, "still heard")
    #expect(try await events.notification().payload == "still heard")
    await proxy.refuse()
    _ = try await events.disconnected()
    #expect(try await listener.query("SELECT 1", timeout: .seconds(30)) == nil)
    task.cancel()
    await task.value
    await proxy.close()
  }

  @Test func channelsThatCannotBeListenedToAreRefused() throws {
    let settings = try ConnectionSettings("postgres://u@h/d")
    let pool = PostgresPool(settings)
    for channel in ["", String(repeating: "x", count: 64), "a\0"] {
      #expect(throws: PostgresError.self) { try PostgresListener(settings, channels: [channel], notifyingThrough: pool) { _ in } }
    }
  }
}
