import PostgresTesting
import Testing

@testable import PostgresClient

@Suite(.timeLimit(.minutes(1))) struct ConnectTests {
  /// Connects, asks one thing, closes.
  private func tryOut(_ settings: ConnectionSettings, _ statement: String = "SELECT 1") async throws -> String? {
    let connection = try await PostgresConnection.connect(settings)
    let value = try await connection.query(statement).first?.get(0, as: String.self)
    await connection.close()
    return value
  }

  @Test func connectsBySocketAndShowsItsName() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    var settings = try ConnectionSettings(database.socketURL)
    settings.applicationName = "the name"
    #expect(try await tryOut(settings, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()") == "the name")
    #expect(try await tryOut(settings, "SHOW client_encoding") == "UTF8")
  }

  @Test func aHostThatRefusesIsPassedOver() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let closed = try FaultProxy.freePort()
    let url = "postgres://postgres@127.0.0.1:\(closed),localhost:\(database.cluster.port)/\(database.name)"
    #expect(try await tryOut(try ConnectionSettings(url)) == "1")
  }

  @Test func hostsThatSwallowEverythingHoldNobodyUp() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let proxies = [try FaultProxy(to: database.cluster.port), try FaultProxy(to: database.cluster.port)]
    for proxy in proxies { await proxy.blackHole() }
    let ports = proxies.map(\.port) + [database.cluster.port]
    let settings = try ConnectionSettings(
      "postgres://postgres@\(ports.map { "127.0.0.1:\($0)" }.joined(separator: ","))/\(database.name)")
    for _ in 0..<2 {
      let start = ContinuousClock.now
      #expect(try await tryOut(settings) == "1")
      // 500 ms by the plan; the rest is for a busy machine. One after the other would take 10 s.
      #expect(ContinuousClock.now - start < .seconds(3))
    }
    for proxy in proxies { await proxy.close() }
  }

  /// Their packets get no answer, as those to an address of a network that is gone.
  @Test func addressesThatGoNowhereHoldNobodyUp() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let dead = try [DeadAddress(), DeadAddress()]
    let ports = dead.map(\.port) + [database.cluster.port]
    let settings = try ConnectionSettings(
      "postgres://postgres@\(ports.map { "127.0.0.1:\($0)" }.joined(separator: ","))/\(database.name)")
    let first = ContinuousClock.now
    #expect(try await tryOut(settings) == "1")
    // The live one is the third, and is tried while the two before it are still silent.
    #expect(ContinuousClock.now - first >= ConnectPlan.stagger * 2 && ContinuousClock.now - first < settings.connectTimeout)
    #expect(settings.lastGood.endpoint?.port == "\(database.cluster.port)")
    // Then it is the first, and the others are not waited for.
    let second = ContinuousClock.now
    #expect(try await tryOut(settings) == "1")
    #expect(ContinuousClock.now - second < settings.connectTimeout)
    for address in dead { address.close() }
  }

  /// The first is of the network that discards what it is sent (RFC 6666), as the IPv6 address of a host that is reached by IPv4 only.
  @Test func theLiveAddressIsReachedInUnderASecond() async throws {
    let database = try await PostgresCluster.shared().createDatabase()
    let dead = try [DeadAddress(), DeadAddress()]
    let live = database.cluster.port
    let addresses = [("100::1", live), ("127.0.0.1", dead[0].port), ("127.0.0.1", dead[1].port), ("127.0.0.1", live)]
    let url =
      "postgres://postgres@/\(database.name)?"
      + [
        "host=" + addresses.map { _ in "db" }.joined(separator: ","), "hostaddr=" + addresses.map(\.0).joined(separator: ","),
        "port=" + addresses.map { "\($0.1)" }.joined(separator: ","),
      ].joined(separator: "&")
    func fastest(_ url: String) async throws -> Duration {
      var times = [Duration]()
      for _ in 1...5 {
        // Knows of no last good address.
        let settings = try ConnectionSettings(url)
        let start = ContinuousClock.now
        #expect(try await tryOut(settings) == "1")
        times.append(ContinuousClock.now - start)
        #expect(settings.lastGood.endpoint?.address != "100::1" && settings.lastGood.endpoint?.port == "\(live)")
      }
      return times.min() ?? .zero
    }
    let (alone, behind) = (try await fastest(database.url), try await fastest(url))
    print("alone \(alone), behind three dead addresses \(behind)")
    // Two are silent for certain, and each is given a stagger. What the machine needs without them is not theirs.
    #expect(behind > ConnectPlan.stagger * 2 && behind - alone < .seconds(1))
    for address in dead { address.close() }
  }

  @Test func aLastGoodServerThatTakesNoWritesAnyMoreIsPassedOver() async throws {
    let first = try await PostgresCluster.start()
    let second = try await PostgresCluster.shared()
    let settings = try ConnectionSettings("postgres://postgres@127.0.0.1:\(first.port),127.0.0.1:\(second.port)/postgres")
    #expect(try await tryOut(settings, "SHOW port") == "\(first.port)")
    try await first.setReadOnly(true)
    for _ in 0..<2 { #expect(try await tryOut(settings, "SHOW port") == "\(second.port)") }
    await first.destroy()
  }

  @Test func connectingIsCancelledAtOnce() async throws {
    let proxy = try FaultProxy(to: 1)
    await proxy.blackHole()
    let settings = try ConnectionSettings("postgres://postgres@127.0.0.1:\(proxy.port)/x?connect_timeout=50")
    let task = Task { try await PostgresConnection.connect(settings) }
    task.cancel()
    #expect(try await postgresError { _ = try await task.value }.code == .cancelled)
    await proxy.close()
  }

  @Test func readOnlyServersAreRefusedUnlessTheURLAllowsThem() async throws {
    let writable = try await PostgresCluster.shared()
    let readOnly = try await PostgresCluster.start(.init(configuration: ["default_transaction_read_only = on"]))
    let alone = "postgres://postgres@127.0.0.1:\(readOnly.port)/postgres"
    let error = try await postgresError { _ = try await tryOut(try ConnectionSettings(alone)) }
    #expect(error.code == .connectionFailed)
    #expect(error.attempts.map(\.kind) == [.notAcceptable])
    #expect(try await tryOut(try ConnectionSettings(alone + "?target_session_attrs=any")) == "1")
    let both = "postgres://postgres@127.0.0.1:\(readOnly.port),127.0.0.1:\(writable.port)/postgres"
    #expect(try await tryOut(try ConnectionSettings(both), "SHOW default_transaction_read_only") == "off")
    let preferring = try ConnectionSettings(both + "?target_session_attrs=prefer-standby")
    #expect(try await tryOut(preferring, "SHOW default_transaction_read_only") == "on")
    await readOnly.destroy()
  }

  @Test func aWrongPasswordIsRefusedWithoutShowingIt() async throws {
    let cluster = try await PostgresCluster.start(.init(password: "the-right-one"))
    let database = try await cluster.createDatabase()
    #expect(try await tryOut(try ConnectionSettings(database.url)) == "1")
    let wrong = "postgres://postgres:wr0ng-secret@127.0.0.1:\(cluster.port),127.0.0.1:1/\(database.name)"
    let error = try await postgresError { _ = try await tryOut(try ConnectionSettings(wrong)) }
    #expect(error.code == .authenticationFailed)
    #expect(error.sqlState == .invalidPassword)
    #expect(error.attempts.contains { $0.kind == .authentication })
    #expect(!"\(error) \(error.attempts) \(String(reflecting: error))".contains("wr0ng"))
    let without = try await postgresError {
      _ = try await tryOut(try ConnectionSettings("postgres://postgres@127.0.0.1:\(cluster.port)/postgres"))
    }
    #expect(without.code == .authenticationFailed)
    let missing = try await postgresError {
      _ = try await tryOut(try ConnectionSettings("postgres://postgres@/nowhere?host=\(cluster.socketFolder)&port=\(cluster.port)"))
    }
    #expect(missing.sqlState == .invalidCatalogName)
    await cluster.destroy()
  }

  @Test func tlsIsVerifiedInFull() async throws {
    let cluster = try await PostgresCluster.start(.init(ssl: true))
    let other = try await PostgresCluster.start(.init(ssl: true))
    let base = "postgres://postgres@localhost:\(cluster.port)/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert="
    let connection = try await PostgresConnection.connect(try ConnectionSettings(base + cluster.caCertificate))
    #expect(connection.usesTLS)
    let text = String(repeating: "🎉", count: 100_000)
    #expect(try await connection.query("SELECT $1::text", [.text(text)]).first?.get(0, as: String.self) == text)
    await connection.close()
    let wrongAuthority = try await postgresError { _ = try await tryOut(try ConnectionSettings(base + other.caCertificate)) }
    #expect(wrongAuthority.code == .tlsFailed)
    let wrongName = base.replacing("localhost", with: "127.0.0.1") + cluster.caCertificate
    #expect(try await postgresError { _ = try await tryOut(try ConnectionSettings(wrongName)) }.code == .tlsFailed)
    let unencrypted = try await PostgresCluster.shared()
    let required = try ConnectionSettings("postgres://postgres@127.0.0.1:\(unencrypted.port)/postgres?sslmode=require")
    #expect(try await postgresError { _ = try await tryOut(required) }.code == .tlsFailed)
    await cluster.destroy()
    await other.destroy()
  }

  @Test func theEndOfAnIdleConnectionIsNoticed() async throws {
    let (database, connection) = try await PostgresCluster.connected()
    let pid = try await connection.query("SELECT pg_backend_pid()").first?.get(0, as: Int.self)
    #expect(pid == Int(connection.serverProcessID))
    try await database.terminate(where: "pid = \(connection.serverProcessID)")
    let reason = try await within { await connection.waitUntilClosed() }
    #expect(reason.code == .connectionLost)
    let error = try await postgresError { try await connection.query("SELECT 1") }
    #expect(error.code == .connectionLost)
    #expect(!error.outcomeIsUnknown)
  }

  @Test func notificationsOfAConnectionArriveInOrderAndEndWithIt() async throws {
    let (database, connection) = try await PostgresCluster.connected()
    try await connection.execute("LISTEN \"Ch\"")
    try await database.psql("NOTIFY \"Ch\", 'one'; NOTIFY \"Ch\", 'two'")
    let payloads = try await within {
      var payloads: [String] = []
      for await notification in connection.notifications {
        payloads.append(notification.payload)
        if payloads.count == 2 { await connection.close() }
      }
      return payloads
    }
    #expect(payloads == ["one", "two"])
  }

  @Test func aForgottenConnectionIsClosed() async throws {
    let (database, connection) = try await PostgresCluster.connected()
    let observer = try await PostgresConnection.connect(try ConnectionSettings(database.url))
    var forgotten: PostgresConnection? = try await PostgresConnection.connect(try ConnectionSettings(database.url))
    let pid = try #require(forgotten?.serverProcessID)
    try await forgotten?.query("SELECT 1")
    forgotten = nil
    while try await !observer.query("SELECT FROM pg_stat_activity WHERE pid = $1", [.int(Int(pid))]).isEmpty {}
    await observer.close()
    await connection.close()
  }
}
