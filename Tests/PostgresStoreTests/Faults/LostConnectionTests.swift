import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A server that goes away and comes back loses and doubles nothing", .timeLimit(.minutes(10)))
struct LostConnectionTests {
  @Test func immediateRestarts() async throws {
    try await Turnstile.shared.pass {
      let cluster = try await PostgresCluster.start(.init(password: secret, configuration: ["synchronous_commit = on"]))
      let pair = try Pair(url: try await cluster.createDatabase().url)
      let report = try await pair.exchange {
        for _ in 1...3 {
          try await cluster.restart(mode: .immediate)
          try await pair.hasExchanged()
        }
      }
      report.expectNothingLostOrDoubled()
      report.expectHelpfulErrors(password: secret)
      await pair.close()
      await cluster.destroy()
    }
  }

  @Test func listenersAndPoolsAreTerminatedAgainAndAgain() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let pair = try Pair(url: database.url)
      let report = try await pair.exchange {
        for _ in 1...15 {
          try await database.terminateAll()
          try await pair.hasExchanged()
        }
      }
      report.expectNothingLostOrDoubled()
      report.expectHelpfulErrors()
      await pair.close()
    }
  }

  /// A proxy, or a person, may send DISCARD ALL.
  @Test func nothingDependsOnWhatASessionKeeps() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      var options = PostgresStore.Options()
      options.pool.maximumConnections = 1
      let store = try PostgresStore.postgres(database.url, options)
      let code = Instance(agent: .code)
      let task = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "")).taskID
      for round in 1...8 {
        if round.isMultiple(of: 4) { try await store.pool.execute("DISCARD ALL") }
        _ = try await store.transitionTask(
          TransitionRequest(taskID: task, actor: .code, instance: code, status: .inProgress, result: "\(round)"))
      }
      let history = try await store.task(task, for: .code, instance: nil).history
      #expect(history.count == 9 && history.last?.note?.contains("8") == true)
      await store.close()
    }
  }

  @Test func aWaitingAgentWakesAfterEachTermination() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let pair = try Pair(url: database.url)
      await pair.isListening()
      for round in 1...10 {
        async let received = pair.receive()
        try await database.terminateAll()
        let began = ContinuousClock.now
        try await database.psql("INSERT INTO cowork_bridge.messages (sender, recipient, content) VALUES ('x', 'code', '\(round)')")
        #expect(try await received == ["\(round)"])
        #expect(ContinuousClock.now - began < .seconds(15))
      }
      await pair.close()
    }
  }

  @Test func anAgentThatStartsBeforeItsDatabaseWaitsAndThenWorks() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let proxy = try FaultProxy(to: database.cluster.port)
      await proxy.refuse()
      let pair = try Pair(url: database.url, receiverURL: database.url(port: proxy.port))
      let error = await refusal { try await pair.receiver.unreadCounts() }
      #expect(error?.code == .storeUnavailable && error?.message.contains("127.0.0.1:\(proxy.port)") == true)
      async let received = pair.receive(within: 55)
      _ = try await pair.sender.send(to: .code, content: "early")
      await proxy.heal()
      let healed = ContinuousClock.now
      #expect(try await received == ["early"])
      #expect(ContinuousClock.now - healed < .seconds(15))
      await pair.close()
      await proxy.close()
    }
  }

  /// With the documented times. It mostly waits, so it runs beside others.
  @Test func aBlackHoleOfTwentySecondsHealsAndTheAgentWakes() async throws {
    let database = try await Servers.database()
    let proxy = try FaultProxy(to: database.cluster.port)
    let pair = try Pair(url: database.url, receiverURL: database.url(port: proxy.port), options: .init())
    await pair.isListening()
    await proxy.blackHole()
    _ = try await pair.sender.send(to: .code, content: "into the dark")
    // Either it ends by itself, or a look that began meanwhile fails, after 10 s.
    let began = ContinuousClock.now
    do {
      let dark = try await pair.receiver.readMessages(waitSeconds: 20)
      #expect(dark.isEmpty)
    } catch let error as BridgeError { #expect(error.code == .storeUnavailable, "\(error)") }
    let lasted = ContinuousClock.now - began
    #expect(lasted >= .seconds(9) && lasted < .seconds(30))
    async let received = pair.receive(within: 30)
    await proxy.heal()
    let healed = ContinuousClock.now
    #expect(try await received == ["into the dark"])
    #expect(ContinuousClock.now - healed < .seconds(15))
    // By a notification again.
    await pair.log.hears("listener state=listening", times: 2)
    async let next = pair.receive(within: 30)
    _ = try await pair.sender.send(to: .code, content: "light")
    #expect(try await next == ["light"])
    await pair.close()
    await proxy.close()
  }
}

let secret = "n3ver-shown-Anywhere"

extension TestDatabase {
  func terminateAll() async throws {
    try await cluster.psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '\(name)'")
  }
}

extension Pair {
  /// Returns when a message that is sent now has been written and counted: both sides are connected again.
  func hasExchanged() async throws {
    for service in [sender, receiver] {
      while await service.isCutOff() {}
    }
  }
}

extension BridgeService {
  fileprivate func isCutOff() async -> Bool {
    do { return try await agents().agents.isEmpty } catch { return error.code == .storeUnavailable }
  }
}

func refusal<Value>(of body: () async throws -> Value) async -> BridgeError? {
  do {
    let value = try await body()
    Issue.record("It was not refused, and came to \(value)")
  } catch let error as BridgeError { return error } catch { Issue.record("It failed otherwise: \(error)") }
  return nil
}
