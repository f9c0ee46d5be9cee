import Bridge
import Foundation
import JSON
import MCP
import Testing

extension RealProcesses {
  /// Presence is right soon after a process has died in any way.
  @Suite struct PresenceTests {
    private func agents(_ client: Client) async throws -> [String: JSON] {
      let list = try #require(try await client.call("list_agents")["agents"]?.arrayValue)
      return Dictionary(uniqueKeysWithValues: list.compactMap { agent in agent["name"]?.stringValue.map { ($0, agent) } })
    }

    private func isOnline(_ name: String, _ client: Client) async throws -> Bool? { try await agents(client)[name]?["online"]?.boolValue }

    /// Awaits the first heartbeats of that many processes.
    private func awaitInstances(_ count: Int, _ sandbox: Sandbox) async throws {
      try await within("signs of life") {
        while try await sandbox.sqlite3("SELECT COUNT(*) FROM instances WHERE agent = 'cowork'") != "\(count)" {
          try Task.checkCancellation()
        }
      }
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGINT])
    func aProcessThatIsEndedIsOfflineAtOnce(signal: Int32) async throws {
      let sandbox = try Sandbox()
      let watcher = try await Client.start(sandbox)
      let other = try await Client.start(sandbox, ["cowork"])
      try await awaitInstances(1, sandbox)
      #expect(try await isOnline("cowork", watcher) == true)
      other.program.send(signal)
      _ = try await other.program.end()
      #expect(try await isOnline("cowork", watcher) == false)
    }

    @Test func aProcessWhoseClientLeavesIsOfflineAtOnce() async throws {
      let sandbox = try Sandbox()
      let watcher = try await Client.start(sandbox)
      let other = try await Client.start(sandbox, ["cowork"])
      try await awaitInstances(1, sandbox)
      #expect(try await isOnline("cowork", watcher) == true)
      #expect(try await other.stop() == 0)
      #expect(try await isOnline("cowork", watcher) == false)
      #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM instances WHERE agent = 'cowork'") == "0")
    }

    @Test func twoProcessesOfOneIdentityAreOneAgent() async throws {
      let sandbox = try Sandbox()
      let watcher = try await Client.start(sandbox)
      let first = try await Client.start(sandbox, ["cowork"])
      let second = try await Client.start(sandbox, ["cowork"])
      try await awaitInstances(2, sandbox)
      #expect(try await agents(watcher).keys.sorted() == ["code", "cowork"])
      first.program.send(SIGKILL)
      _ = try await first.program.end()
      #expect(try await isOnline("cowork", watcher) == true)
      #expect(try await second.stop() == 0)
      #expect(try await isOnline("cowork", watcher) == false)
    }

    /// A pid says nothing about a process of another machine: only the age of its last heartbeat counts, at most 45 s.
    @Test(arguments: [(0, true), (40, true), (46, false)])
    func processesOfOtherHostsAreJudgedByTimeAlone(age: Int, online: Bool) async throws {
      let sandbox = try Sandbox()
      let watcher = try await Client.start(sandbox)
      _ = try await watcher.call("list_agents")
      let dead = ProcessIdentity(scope: "another boot pid:[1]", pid: 2_000_000_000, start: "1")
      try await insert(dead, age: age, sandbox)
      #expect(try await isOnline("cowork", watcher) == online)
    }

    @Test func aPidThatIsUsedAgainIsNotTheSameProcess() async throws {
      let sandbox = try Sandbox()
      let watcher = try await Client.start(sandbox)
      _ = try await watcher.call("list_agents")
      let own = ProcessIdentity.current
      try await insert(ProcessIdentity(scope: own.scope, pid: own.pid, start: "1"), age: 0, sandbox)
      #expect(try await isOnline("cowork", watcher) == false)
      try await insert(own, age: 0, sandbox)
      #expect(try await isOnline("cowork", watcher) == true)
    }

    private func insert(_ process: ProcessIdentity, age: Int, _ sandbox: Sandbox) async throws {
      try await sandbox.sqlite3(
        """
        INSERT INTO agents (name, added_at) VALUES ('cowork', 'x') ON CONFLICT DO NOTHING;
        INSERT OR REPLACE INTO instances (id, agent, host, process, last_seen) VALUES ('row', 'cowork', 'elsewhere', '\(process.encoded)',
          strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(age) seconds'))
        """)
    }

    /// Heartbeats of others are writes to the same file, but no news.
    @Test func heartbeatsWakeNobody() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let watcher = try await Client.start(sandbox, environment: inbox.environment)
      async let waited = watcher.call("wait_for_updates", ["timeout_seconds": 2])
      for _ in 0..<2 {
        let other = try await Client.start(sandbox, ["cowork"])
        _ = try await other.call("list_agents")
        _ = try await other.stop()
      }
      #expect(try await waited["timed_out"] == true)
      let id = try await sandbox.send("news")
      #expect(try await inbox.posts.next().text.contains(id))
    }
  }
}
