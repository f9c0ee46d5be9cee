import Bridge
import Foundation
import MCP
import PostgresTesting
import ProcessTesting
import Testing

@testable import PostgresStore

/// The real program, with a password in its URL that must never be printed.
@Suite("The real program gets over the faults of its database", .timeLimit(.minutes(10)))
struct ServerProcessTests {
  @Test func aServerKilledInTheMiddleOfCallsLosesNothing() async throws {
    try await Turnstile.shared.pass {
      let database = try await Self.server.value.createDatabase()
      let sender = try await ServerChild.start("cowork", url: database.url)
      var accepted: [String] = []
      var received: [(content: String, redelivered: Bool)] = []
      for round in 1...6 {
        let victim = try await ServerChild.start("code", url: database.url)
        for number in 1...10 { accepted.append(try await sender.mustSend("\(round).\(number)")) }
        // Killed while it writes replies: some leave the process, some do not.
        let calls = (1...5).map { _ in Task { try? await victim.call("read_messages", ["limit": 2]) } }
        if let first = await calls[round % 5].value { received += first.received }
        try await victim.kill()
        for (index, call) in calls.enumerated() where index != round % 5 {
          if let reply = await call.value { received += reply.received }
        }
      }
      let reader = try await ServerChild.start("code", url: database.url)
      while Set(received.map(\.content)).count < accepted.count {
        received += try await reader.call("read_messages", ["wait_seconds": 50]).received
      }
      #expect(Set(received.map(\.content)) == Set(accepted))
      let first = received.filter { !$0.redelivered }.map(\.content)
      #expect(Set(first).count == first.count)
      for child in [sender, reader] { try await child.stop() }
    }
  }

  @Test func pipelinedSendsAreStoredInTheOrderInWhichTheyCame() async throws {
    try await Turnstile.shared.pass {
      let database = try await Self.server.value.createDatabase()
      let sender = try await ServerChild.start("cowork", url: database.url)
      let reader = try await ServerChild.start("code", url: database.url)
      let numbers = (0..<160).map(String.init)
      #expect(try await sender.sendAtOnce(numbers, to: "code").allSatisfy { !$0.isError })
      var read = [String]()
      while read.count < numbers.count { read += try await reader.call("read_messages", ["limit": 100, "wait_seconds": 5]).messages }
      #expect(read == numbers)
      for child in [sender, reader] { try await child.stop() }
    }
  }

  @Test func aDatabaseThatIsAbsentComesRestartsAndGoesNeedsNoNewProcess() async throws {
    try await Turnstile.shared.pass {
      let cluster = try await PostgresCluster.start(.init(password: secret, configuration: ["synchronous_commit = on"]))
      let url = try await cluster.createDatabase().url
      try await cluster.stop()
      let (code, cowork) = (try await ServerChild.start("code", url: url), try await ServerChild.start("cowork", url: url))
      let refused = try await cowork.call("send_message", ["to": "code", "content": "too early"])
      #expect(refused.isError && refused.text.contains("127.0.0.1:\(cluster.port)"), "\(refused.text)")
      // Waits for the database, then for a message.
      async let early = code.call("wait_for_updates", ["timeout_seconds": 55])
      try await cluster.start()
      _ = try await cowork.mustSend("first")
      #expect(try await early.messages == ["first"])
      for round in 1...2 {
        async let waiting = code.call("wait_for_updates", ["timeout_seconds": 55])
        try await cluster.restart(mode: .immediate)
        let began = ContinuousClock.now
        _ = try await cowork.mustSend("round \(round)")
        #expect(try await waiting.messages == ["round \(round)"])
        #expect(ContinuousClock.now - began < .seconds(15))
      }
      try await cluster.kill()
      let gone = try await cowork.call("send_message", ["to": "code", "content": "nobody there"])
      #expect(gone.isError && !gone.text.isEmpty)
      for child in [code, cowork] {
        #expect(child.isRunning)
        #expect(!child.everything.contains(secret))
        try await child.stop()
      }
      await cluster.destroy()
    }
  }

  @Test func aWrongPasswordIsAnErrorWithoutThePassword() async throws {
    try await Turnstile.shared.pass {
      let database = try await Self.server.value.createDatabase()
      let child = try await ServerChild.start("code", url: database.url.replacing(secret, with: "Wr0ng-\(secret)"), logLevel: "trace")
      let refused = try await child.call("list_agents")
      #expect(refused.isError && refused.text.contains("password"), "\(refused.text)")
      #expect(!child.everything.contains(secret))
      try await child.stop()
      let command = try await Sandbox().run(
        ["send", "code", "x", "--log-level", "trace"],
        environment: ["COWORK_DATABASE_URL": database.url.replacing(secret, with: "Wr0ng-\(secret)")])
      #expect(command.status == 1 && !(command.output + command.errors).contains(secret))
    }
  }

  @Test func aServerFollowsAFailoverToTheSecondHost() async throws {
    try await Turnstile.shared.pass {
      let primary = try await PostgresCluster.start(.init(configuration: ["synchronous_commit = on", "synchronous_standby_names = '*'"]))
      let standby = try await primary.makeStandby()
      let name = try await primary.createDatabase().name
      let url = "postgres://postgres@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/\(name)"
      let (code, cowork) = (try await ServerChild.start("code", url: url), try await ServerChild.start("cowork", url: url))
      _ = try await cowork.mustSend("before")
      #expect(try await code.call("wait_for_updates").messages == ["before"])
      async let waiting = code.call("wait_for_updates", ["timeout_seconds": 55])
      try await primary.kill()
      try await standby.promote()
      try await standby.psql("ALTER SYSTEM SET synchronous_standby_names = ''")
      try await standby.psql("SELECT pg_reload_conf()")
      let promoted = ContinuousClock.now
      _ = try await cowork.mustSend("after")
      #expect(try await waiting.messages == ["after"])
      #expect(ContinuousClock.now - promoted < .seconds(15))
      for child in [code, cowork] { try await child.stop() }
      for cluster in [standby, primary] { await cluster.destroy() }
    }
  }

  @Test func aServerHoldsThreeConnectionsAtMost() async throws {
    try await Turnstile.shared.pass {
      let database = try await Self.server.value.createDatabase()
      let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database.name)' AND application_name = 'cowork-code-mcp-server'"
      let child = try await ServerChild.start("code", url: database.url)
      async let waiting = child.call("wait_for_updates", ["timeout_seconds": 30])
      let calls = (1...16).map { _ in Task { try await child.call("list_agents") } }
      for call in calls { #expect(try await !call.value.isError) }
      let busy = try #require(Int(try await database.cluster.psql(count).trimmingCharacters(in: .whitespacesAndNewlines)))
      #expect((2...3).contains(busy))
      try await database.psql("INSERT INTO cowork_bridge.messages (sender, recipient, content) VALUES ('x', 'code', 'end')")
      #expect(try await waiting.messages == ["end"])
      try await child.stop()
      try await database.hasNoConnections()
    }
  }

  private static let server = Task {
    try await PostgresCluster.start(.init(password: secret, configuration: ["synchronous_commit = on", "max_connections = 100"]))
  }
}

extension ServerChild {
  /// Sends from `cowork` to `code`, again and again until it is accepted; returns the content.
  func mustSend(_ content: String) async throws -> String {
    for _ in 1...10 {
      let result = try await call("send_message", ["to": "code", "content": .string(content), "idempotency_key": .string(content)])
      if !result.isError { return content }
    }
    throw TestingError("\(content) was never accepted: \(errors)")
  }
}

extension ToolResult {
  var received: [(content: String, redelivered: Bool)] {
    (content["messages"]?.arrayValue ?? []).map { ($0["content"]?.stringValue ?? "", $0["redelivered"]?.boolValue ?? false) }
  }
}
