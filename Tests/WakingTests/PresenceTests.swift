import Bridge
import Foundation
import JSON
import MCPClient
import ProcessTesting
import Testing

extension RealProcesses {
  /// Presence is right soon after a process has died in any way.
  @Suite struct PresenceTests {
    private func agents(_ client: ChildServer) async throws -> [String: JSON] {
      let list = try #require(try await client.call("list_agents")["agents"]?.arrayValue)
      return Dictionary(uniqueKeysWithValues: list.compactMap { agent in agent["name"]?.stringValue.map { ($0, agent) } })
    }

    private func isOnline(_ name: String, _ client: ChildServer) async throws -> Bool? {
      try await agents(client)[name]?["online"]?.boolValue
    }

    /// Awaits the first heartbeats of that many processes.
    private func awaitInstances(_ count: Int, _ watcher: ChildServer, _ sandbox: Sandbox) async throws {
      // Whose reply comes when the store has its tables.
      _ = try await watcher.call("list_agents")
      try await within("heartbeats") {
        while try await sandbox.sqlite3("SELECT COUNT(*) FROM instances WHERE agent = 'cowork'") != "\(count)" {
          try Task.checkCancellation()
        }
      }
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGINT])
    func aProcessThatIsEndedIsOfflineAtOnce(signal: Int32) async throws {
      let sandbox = try Sandbox()
      let watcher = try await sandbox.claudeCode()
      let other = try await sandbox.claudeCode(["cowork"])
      try await awaitInstances(1, watcher, sandbox)
      #expect(try await isOnline("cowork", watcher) == true)
      other.child.signal(signal)
      _ = try await other.status()
      #expect(try await isOnline("cowork", watcher) == false)
    }

    @Test func aProcessWhoseClientLeavesIsOfflineAtOnce() async throws {
      let sandbox = try Sandbox()
      let watcher = try await sandbox.claudeCode()
      let other = try await sandbox.claudeCode(["cowork"])
      try await awaitInstances(1, watcher, sandbox)
      #expect(try await isOnline("cowork", watcher) == true)
      #expect(await other.end() == .exited(0))
      #expect(try await isOnline("cowork", watcher) == false)
      #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM instances WHERE agent = 'cowork'") == "0")
    }

    @Test func twoProcessesOfOneIdentityAreOneAgent() async throws {
      let sandbox = try Sandbox()
      let watcher = try await sandbox.claudeCode()
      let first = try await sandbox.claudeCode(["cowork"])
      let second = try await sandbox.claudeCode(["cowork"])
      try await awaitInstances(2, watcher, sandbox)
      #expect(try await agents(watcher).keys.sorted() == ["code", "cowork"])
      first.child.signal(SIGKILL)
      _ = try await first.status()
      #expect(try await isOnline("cowork", watcher) == true)
      #expect(await second.end() == .exited(0))
      #expect(try await isOnline("cowork", watcher) == false)
    }

    /// A pid says nothing about a process of another machine: only the age of its last heartbeat counts, at most 45 s.
    @Test(arguments: [(0, true), (40, true), (46, false)])
    func processesOfOtherHostsAreJudgedByTimeAlone(age: Int, online: Bool) async throws {
      let sandbox = try Sandbox()
      let watcher = try await sandbox.claudeCode()
      _ = try await watcher.call("list_agents")
      let dead = ProcessIdentity(scope: "another boot pid:[1]", pid: 2_000_000_000, start: "1")
      try await insert(dead, age: age, sandbox)
      #expect(try await isOnline("cowork", watcher) == online)
    }

    @Test func aPidThatIsUsedAgainIsNotTheSameProcess() async throws {
      let sandbox = try Sandbox()
      let watcher = try await sandbox.claudeCode()
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
      let watcher = try await sandbox.claudeCode(environment: inbox.environment)
      async let waited = watcher.call("wait_for_updates", ["timeout_seconds": 2])
      for _ in 0..<2 {
        let other = try await sandbox.claudeCode(["cowork"])
        _ = try await other.call("list_agents")
        _ = await other.end()
      }
      #expect(try await waited["timed_out"] == true)
      let id = try await sandbox.send("news")
      #expect(try await inbox.posts.next().text.contains(id))
    }
  }
}
