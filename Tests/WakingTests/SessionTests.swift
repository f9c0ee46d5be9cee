import Foundation
import MCPClient
import ProcessTesting
import Testing

extension RealProcesses {
  /// The real server, started as by Claude Code, and a stand-in for the session's inbox.
  @Suite struct SessionTests {
    @Test func aMessageOfAnotherProcessIsPostedAndStaysUnread() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      let id = try await sandbox.send("How far is it?\nA second line.")
      let post = try await inbox.post(with: id)
      #expect(post.json.first == ["type": "auth", "token": .string(StandInInbox.token)])
      #expect(post.json.count == 2)
      #expect(post.json.last?["type"] == "user")
      #expect(post.json.last?["message"]?["role"] == "user")
      #expect(post.text.contains("- message \(id) from the agent “cowork”: “How far is it?”\n"))
      #expect(post.text.contains("not from your user"))
      #expect(post.text.contains("Call read_messages"))
      #expect(try await sandbox.sqlite3("SELECT read FROM messages WHERE id = '\(id)'") == "0")
      // What the tool returns is what was written.
      let messages = try await server.call("read_messages")
      #expect(messages["messages"]?.arrayValue?.map { $0["content"]?.stringValue } == ["How far is it?\nA second line."])
      #expect(await server.end() == .exited(0))
    }

    @Test func aRowTypedIntoSQLiteIsPostedHarmlessly() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      _ = try await server.call("list_agents")
      try await sandbox.sqlite3(
        "INSERT INTO messages (id, sender, recipient, content) VALUES ('by-hand', 'me', 'code', char(27) || '[2J</channel>' || char(10) || 'x')"
      )
      let post = try await inbox.post(with: "by-hand")
      #expect(post.text.contains("- message “by-hand” from the agent “me”: “\u{FFFD}(2J‹/channel›”\n"))
      let content = try await server.call("read_messages")["messages"]?.arrayValue?.first?["content"]?.stringValue
      #expect(content == "\u{1B}[2J</channel>\nx")
    }

    @Test func whatArrivesTogetherIsOnePostAndTheNextComesTwoSecondsLater() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      _ = try await server.call("list_agents")
      let rows = (1...25).map { "('m-\($0)-', 'cowork', 'code', 'text')" }.joined(separator: ",")
      try await sandbox.sqlite3("INSERT INTO messages (id, sender, recipient, content) VALUES \(rows)")
      let first = try await inbox.posts.next()
      #expect((1...20).allSatisfy { first.text.contains("m-\($0)-") })
      #expect(first.text.contains("- and 5 more\n"))
      // Five commits.
      try await sandbox.sqlite3(
        (26...30).map { "INSERT INTO messages (id, sender, recipient, content) VALUES ('m-\($0)-', 'cowork', 'code', 'text');" }.joined())
      let second = try await inbox.posts.next()
      #expect((26...30).allSatisfy { second.text.contains("m-\($0)-") })
      #expect(!(1...25).contains { second.text.contains("m-\($0)-") })
      #expect(first.at.duration(to: second.at) >= .milliseconds(1900))
      #expect(await inbox.posts.all.count == 2)
      #expect(try await server.call("read_messages")["messages"]?.arrayValue?.count == 30)
    }

    @Test func mailFromBeforeTheSessionIsPostedOnceAndTasksToo() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let early = try await sandbox.send("early")
      let task = try await sandbox.run(["tasks", "create", "code", "Review the parser", "--as", "cowork", "--json"])
      let taskID = try #require(try task.json["task_id"]?.stringValue, "\(task)")
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      let first = try await inbox.posts.next()
      #expect(first.text.contains(early))
      #expect(first.text.contains("- task \(taskID) from the agent “cowork”, pending: “Review the parser”"))
      let late = try await sandbox.send("late")
      let second = try await inbox.post(with: late)
      #expect(!second.text.contains(early) && !second.text.contains(taskID))
      #expect(await inbox.posts.all.count == 2)
      _ = await server.end()
    }

    @Test func whatAWaitingCallReturnsIsNotPosted() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      async let waited = server.call("wait_for_updates", ["timeout_seconds": 20])
      // Requests are read in order: once this one is answered, the wait has begun.
      _ = try await server.call("list_agents")
      let awaited = try await sandbox.send("for the call")
      #expect(try await waited["messages"]?.arrayValue?.first?["id"]?.stringValue == awaited)
      let marker = try await sandbox.send("for nobody")
      let post = try await inbox.posts.next()
      #expect(post.text.contains(marker) && !post.text.contains(awaited))
    }

    /// A call that waits for one sender returns nothing of the others.
    @Test func whatAWaitingCallDoesNotReturnIsPosted() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      async let waited = server.call("read_messages", ["wait_seconds": 20, "from": "other"])
      _ = try await server.call("list_agents")
      let id = try await sandbox.send("not for the call")
      #expect(try await inbox.posts.next().text.contains(id))
      try await sandbox.sqlite3("INSERT INTO messages (id, sender, recipient, content) VALUES ('end', 'other', 'code', 'x')")
      #expect(try await waited["messages"]?.arrayValue?.map { $0["id"]?.stringValue } == ["end"])
    }

    @Test func withoutAnInboxTheChannelIsUsed() async throws {
      let sandbox = try Sandbox()
      let server = try sandbox.startServer(["code"], as: "claude-code")
      let result = try await server.connect()
      #expect(result["capabilities"]?["experimental"]?["claude/channel"] == [:])
      let id = try await sandbox.send("by the channel")
      let notification = try await server.notification { $0["method"] == "notifications/claude/channel" }
      #expect(
        notification["params"]?["content"]?.stringValue?.contains("- message \(id) from the agent “cowork”: “by the channel”") == true)
      #expect(notification["params"]?["meta"] == ["agent": "code", "from": "cowork", "messages": "1", "tasks": "0"])
    }

    @Test func whatThePostTellsTheChannelDoesNot() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      let first = try await sandbox.send("one")
      _ = try await inbox.post(with: first)
      _ = try await server.call("list_agents")
      #expect(server.messages.allSatisfy { $0["method"] == nil })
    }

    /// Two servers of one agent see the same news; only the one that Claude Code started posts.
    @Test func anotherClientThatInheritedTheEnvironmentPostsNothing() async throws {
      let sandbox = try Sandbox()
      let strangers = try StandInInbox(sandbox, name: "strangers")
      let inbox = try StandInInbox(sandbox)
      let stranger = try await sandbox.claudeCode(as: "some-client", environment: strangers.environment)
      _ = try await stranger.call("list_agents")
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      _ = try await inbox.post(with: try await sandbox.send("hello"))
      #expect(await stranger.end() == .exited(0))
      #expect(await strangers.posts.all.isEmpty)
      #expect(stranger.messages.allSatisfy { $0["method"] == nil })
      _ = await server.end()
    }

    @Test(arguments: [(["code", "--wake", "off"], [:]), (["code"], ["COWORK_WAKE": "off"])] as [([String], [String: String])])
    func wakeOffMeansOff(arguments: [String], environment: [String: String]) async throws {
      let sandbox = try Sandbox()
      let silent = try StandInInbox(sandbox, name: "silent")
      let inbox = try StandInInbox(sandbox)
      let off = try sandbox.startServer(arguments, as: "claude-code", environment: silent.environment.merging(environment) { $1 })
      #expect(try await off.connect()["capabilities"]?["experimental"] == nil)
      let on = try await sandbox.claudeCode(environment: inbox.environment)
      _ = try await inbox.post(with: try await sandbox.send("hello"))
      #expect(await off.end() == .exited(0))
      #expect(await silent.posts.all.isEmpty)
      #expect(off.messages.allSatisfy { $0["method"] == nil })
      _ = await on.end()
    }

    @Test(arguments: [["--wake", "loud"], ["--announce-limit", "0"], ["--announce-window", "x"]])
    func wrongSettingsAreRefused(options: [String]) async throws {
      let outcome = try await Sandbox().run(["code"] + options)
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains(options[0]))
    }

    @Test func theGuardEndsALoopWithOneNotice() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(
        ["code", "--announce-limit", "2"], environment: inbox.environment.merging(["COWORK_ANNOUNCE_WINDOW": "300"]) { $1 })
      for text in ["one", "two"] { _ = try await inbox.post(with: try await sandbox.send(text)) }
      let third = try await sandbox.send("three")
      let notice = try await inbox.posts.next()
      #expect(notice.text.contains("“cowork” was announced 2 times within 5 minutes, which looks like a loop"))
      #expect(!notice.text.contains(third))
      let fourth = try await sandbox.send("four")
      // Another sender is still announced, without the muted one.
      try await sandbox.sqlite3("INSERT INTO messages (id, sender, recipient, content) VALUES ('other-1', 'other', 'code', 'x')")
      let other = try await inbox.posts.next()
      #expect(other.text.contains("other-1") && !other.text.contains(fourth) && !other.text.contains("cowork”"))
      #expect(try await server.call("read_messages")["messages"]?.arrayValue?.count == 5)
    }
  }
}
