import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A connection that stopped answering is given up, and the call is repeated once", .timeLimit(.minutes(10)))
struct SilentConnectionTests {
  /// As after a firewall forgot its table: what is open is swallowed, new connections are served.
  @Test func callsGoOnOverNewConnections() async throws {
    try await withStore { bench in
      for round in 1...3 {
        await bench.proxy.swallowOpen()
        try await bench.expect(within: .seconds(5)) {
          let receipt = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "\(round)"))
          #expect(!receipt.duplicate)
        }
        await bench.proxy.swallowOpen()
        try await bench.expect(within: .seconds(5)) {
          let delivery = try await bench.store.take(TakeRequest(agent: .code, instance: bench.code))
          #expect(delivery.messages.map(\.content) == ["\(round)"] && delivery.messages.allSatisfy { !$0.redelivered })
          try await bench.store.confirm(#require(delivery.lease))
        }
        await bench.proxy.swallowOpen()
        try await bench.expect(within: .seconds(5)) {
          let task = NewTask(sender: .cowork, recipient: .code, title: "t", description: "")
          let receipt = try await bench.store.createTask(task)
          #expect(receipt.status == "pending")
        }
      }
      #expect(try await bench.count("messages") == 3)
      #expect(try await bench.count("tasks") == 3)
    }
  }

  /// The server processes do later what they were sent: the repeat has done it by then.
  @Test func whatStoppedProcessesDoLaterDoublesNothing() async throws {
    try await withStore { bench in
      for round in 1...3 {
        #expect(try await bench.database.signal("STOP") > 0)
        try await bench.expect(within: .seconds(5)) {
          let receipt = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "\(round)"))
          #expect(!receipt.duplicate)
        }
        #expect(try await bench.database.signal("STOP", where: "state = 'idle'") > 0)
        var received: [String?] = []
        try await bench.expect(within: .seconds(5)) {
          received = try await bench.store.take(TakeRequest(agent: .code, instance: bench.code)).messages.map(\.content)
        }
        #expect(received == ["\(round)"])
        try await bench.database.signal("CONT")
        // They end, since their connections are gone.
        let open = "pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        while try await bench.count(open, in: "") > 3 {}
        #expect(try await bench.store.take(TakeRequest(agent: .code, instance: bench.code)).messages.isEmpty)
        #expect(try await bench.count("messages") == round)
      }
    }
  }

  @Test func whenNothingAnswersTheErrorComesInTimeAndSaysWhatIsUnknown() async throws {
    try await withStore { bench in
      await bench.proxy.blackHole()
      let message = NewMessage(sender: .cowork, recipient: .code, content: "into the dark", idempotencyKey: "key")
      try await bench.expect(within: .seconds(12)) {
        let error = await refusal { try await bench.store.send(message) }
        #expect(error?.code == .storeUnavailable && error?.message.contains("may have been carried out") == true, "\(error as Any)")
      }
      // Nothing is sent: no connection can be had.
      try await bench.expect(within: .seconds(12)) {
        let error = await refusal { try await bench.store.send(message) }
        #expect(error?.code == .storeUnavailable && error?.message.contains("may have been carried out") == false, "\(error as Any)")
      }
      await bench.proxy.heal()
      _ = try await bench.store.send(message)
      #expect(try await bench.count("messages") == 1)
    }
  }

  /// Also when it is the first, which introduces its session, and finds out whether a migration is needed. Wake-ups have asked before, and
  /// ask again.
  @Test func aFirstCallIntoTheDarkHasTheTimeOfOneCall() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let proxy = try FaultProxy(to: database.cluster.port)
      await proxy.blackHole()
      // With the documented times.
      let service = BridgeService(store: try .postgres(database.url(port: proxy.port)), identity: .cowork, logger: .silent)
      let bench = SilentBench(database: database, proxy: proxy, store: try .postgres(database.url))
      let wakeUps = service.wakeUps(.waiting)
      defer { withExtendedLifetime(wakeUps) {} }
      try await bench.expect(within: .seconds(16)) {
        let error = await CallStart.with(.now) { await refusal { try await service.send(to: .code, content: "first") } }
        #expect(error?.code == .storeUnavailable, "\(error as Any)")
      }
      await proxy.heal()
      _ = try await service.send(to: .code, content: "second")
      #expect(try await bench.count("messages") == 1)
      await service.close()
      await bench.store.close()
      await proxy.close()
    }
  }

  private func withStore(_ body: @Sendable (SilentBench) async throws -> Void) async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let proxy = try FaultProxy(to: database.cluster.port)
      // With the documented times.
      let store = try PostgresStore.postgres(database.url(port: proxy.port))
      _ = try await (store.agents(), store.agents())
      try await body(SilentBench(database: database, proxy: proxy, store: store))
      await store.close()
      await proxy.close()
    }
  }
}

private struct SilentBench: Sendable {
  let database: TestDatabase
  let proxy: FaultProxy
  let store: PostgresStore
  let code = Instance(agent: .code)

  func count(_ table: String, in schema: String = "cowork_bridge.") async throws -> Int {
    Int(try await database.psql("SELECT count(*) FROM \(schema)\(table)").prefix { $0 != "\n" }) ?? -1
  }

  func expect(within limit: Duration, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void) async throws {
    let start = ContinuousClock.now
    try await body()
    let lasted = ContinuousClock.now - start
    #expect(lasted < limit, sourceLocation: location)
  }
}

@Suite("Agents follow the server that takes writes", .timeLimit(.minutes(10)))
struct SwitchoverTests {
  /// The first server goes on answering, and the agent that waits does nothing by itself. With the documented times.
  @Test func sendsAndWaitsGoOnAtTheOtherHost() async throws {
    try await Turnstile.shared.pass {
      let primary = try await PostgresCluster.start()
      let database = try await primary.createDatabase()
      let standby = try await primary.makeStandby()
      let url = "postgres://postgres@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/\(database.name)"
      let pair = try Pair(url: url, options: .init())
      await pair.isListening()
      async let first = pair.receive()
      _ = try await pair.sender.send(to: .code, content: "before")
      #expect(try await first == ["before"])
      // The standby has all that was written.
      let written = try await primary.psql("SELECT pg_current_wal_lsn()").prefix { $0 != "\n" }
      while try await standby.psql("SELECT pg_last_wal_replay_lsn() >= '\(written)'") != "t\n" {}
      try await primary.setReadOnly(true)
      try await standby.promote()
      let start = ContinuousClock.now
      await pair.log.hears("listener state=listening", times: 2)
      #expect(ContinuousClock.now - start < .seconds(5 + 3))
      for content in ["after", "again"] {
        async let received = pair.receive()
        _ = try await pair.sender.send(to: .code, content: content)
        #expect(try await received == [content])
      }
      await pair.close()
      await primary.destroy()
      await standby.destroy()
    }
  }
}
