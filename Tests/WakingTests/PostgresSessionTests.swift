import Foundation
import MCPClient
import PostgresTesting
import ProcessTesting
import Testing

extension RealProcesses {
  /// The real server on a real Postgres, started as by Claude Code, and a stand-in for the session's inbox.
  @Suite struct PostgresSessionTests {
    @Test func rowsTypedIntoPsqlAndMessagesOfOtherProcessesAreEachPostedOnce() async throws {
      let cluster = try await PostgresCluster.start()
      let database = try await cluster.createDatabase()
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let store = ["COWORK_DATABASE_URL": database.url]
      let server = try await sandbox.claudeCode(environment: inbox.environment.merging(store) { $1 })
      _ = try await server.call("list_agents")

      try await type("by-hand-1", "char: \u{1B}[2J <b>", database)
      let typed = try await inbox.posts.next()
      #expect(typed.json.first == ["type": "auth", "token": .string(StandInInbox.token)])
      #expect(typed.text.contains("- message “by-hand-1” from the agent “cowork”: “char: \u{FFFD}(2J ‹b›”\n"))
      #expect(typed.text.contains("not from your user"))

      let outcome = try await sandbox.run(["send", "code", "by a process", "--as", "cowork", "--json"], environment: store)
      let sent = try #require(try outcome.json["message_id"]?.stringValue, "\(outcome)")
      let second = try await inbox.posts.next()
      #expect(second.text.contains("- message \(sent) from the agent “cowork”: “by a process”\n"))
      #expect(!second.text.contains("by-hand-1"))

      // A lost connection leads to a resync, which announces only what is new.
      try await cluster.restart(mode: .immediate)
      try await type("by-hand-2", "after the restart", database)
      let third = try await inbox.posts.next()
      #expect(third.text.contains("by-hand-2"))
      #expect(!third.text.contains("by-hand-1") && !third.text.contains(sent))

      let unread = try await database.psql("SELECT count(*) FROM cowork_bridge.messages WHERE read = 0")
      #expect(unread.hasPrefix("3"), "nothing is marked as read")
      let read = try await server.call("read_messages")["messages"]?.arrayValue
      #expect(read?.map { $0["id"]?.stringValue } == ["by-hand-1", sent, "by-hand-2"])
      #expect(await inbox.posts.all.count == 3)
      #expect(!sandbox.files.contains { $0.hasSuffix("messages.db") })
      #expect(await server.end() == .exited(0))
      await cluster.destroy()
    }

    /// A busy machine may need another try.
    @Test func hooksTellWhatStandsInPostgres() async throws {
      let cluster = try await PostgresCluster.start()
      let database = try await cluster.createDatabase()
      let sandbox = try Sandbox()
      let store = ["COWORK_DATABASE_URL": database.url]
      let outcome = try await sandbox.run(["send", "code", "hello", "--as", "cowork", "--json"], environment: store)
      let id = try #require(try outcome.json["message_id"]?.stringValue, "\(outcome)")
      var told = ""
      for _ in 0..<5 where told == "" {
        for file in sandbox.files where file.contains("/away-") { try FileManager.default.removeItem(atPath: sandbox.home + "/" + file) }
        told = try await sandbox.hook("Stop", environment: store).output
      }
      #expect(told.contains(id))
      #expect(try await sandbox.hook("Stop", environment: store).output == "")
      await cluster.destroy()
    }

    @Test(.timeLimit(.minutes(2)), arguments: ["SessionStart", "UserPromptSubmit", "Stop", "rewake"])
    func aHookMakesNoSchema(_ event: String) async throws {
      let database = try await PostgresCluster.shared().createDatabase()
      let sandbox = try Sandbox()
      let outcome = try await sandbox.hook(event, environment: ["COWORK_DATABASE_URL": database.url])
      #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
      #expect(try await database.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cowork%'") == "0\n")
    }

    private func type(_ id: String, _ content: String, _ database: TestDatabase) async throws {
      try await database.psql(
        """
        INSERT INTO cowork_bridge.messages (id, sender, recipient, content, read, created_at)
          VALUES ('\(id)', 'cowork', 'code', '\(content)', 0, now());
        """)
    }
  }
}
