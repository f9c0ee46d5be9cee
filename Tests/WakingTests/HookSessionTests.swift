import Foundation
import JSON
import MCPClient
import PostgresTesting
import ProcessTesting
import Testing

extension RealProcesses {
  /// What a session means for its hooks, with the real executable.
  @Suite struct HookSessionTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// As `claude -p` and the SDK start their hooks.
    @Test(arguments: [["CLAUDE_CODE_SESSION_ATTENDED": "0"], ["CLAUDE_CODE_ENTRYPOINT": "sdk-cli"]], [true, false])
    func noHookKeepsASessionThatNoPersonSees(environment: [String: String], hasStart: Bool) async throws {
      let early = try await sandbox.send("early")
      if hasStart { #expect(try await sandbox.hook("SessionStart", environment: environment).output == "") }
      for event in ["UserPromptSubmit", "PostToolUse", "Stop", "rewake"] {
        let outcome = try await sandbox.hook(event, environment: environment)
        #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "", "\(event)")
      }
      let late = try await sandbox.send("late")
      #expect(try await sandbox.hook("Stop", environment: environment).output == "")
      let note = try await sandbox.hook("PostToolUse", environment: environment).output
      #expect(note.contains(late) && !note.contains(early))
      #expect(try await sandbox.hook("SessionStart", extra: ["source": "compact"], environment: environment).output == "")
    }

    @Test(arguments: [["CLAUDE_CODE_SESSION_ATTENDED": "1", "CLAUDE_CODE_ENTRYPOINT": "claude-vscode"], ["CLAUDE_CODE_ENTRYPOINT": "cli"]])
    func aSessionOfAPersonIsKept(environment: [String: String]) async throws {
      let id = try await sandbox.send("early")
      #expect(try await sandbox.hook("Stop", environment: environment).output.contains(id))
    }

    @Test func aServerDoesNotPostWhatWasThereBeforeASessionThatNoPersonSees() async throws {
      let inbox = try StandInInbox(sandbox)
      let early = try await sandbox.send("early")
      let environment = inbox.environment.merging(["CLAUDE_CODE_ENTRYPOINT": "sdk-cli"]) { $1 }
      _ = try await sandbox.hook("SessionStart", environment: environment)
      let between = try await sandbox.send("between")
      let server = try await sandbox.claudeCode(environment: environment)
      let first = try await inbox.posts.next()
      #expect(first.text.contains(between) && !first.text.contains(early))
      _ = await server.end()
      // A server that begins the session itself.
      let other = try StandInInbox(sandbox, name: "other")
      let alone = try await sandbox.claudeCode(
        environment: other.environment.merging(["CLAUDE_CODE_ENTRYPOINT": "sdk-cli"]) { $1 })
      try await begun()
      let late = try await sandbox.send("late")
      let post = try await other.posts.next()
      #expect(post.text.contains(late) && !post.text.contains(between))
      _ = await alone.end()
    }

    /// Awaits that two sessions know what was there before them.
    private func begun() async throws {
      let folder = sandbox.home + "/.cowork-code-mcp/sessions"
      try await within("the beginning of a session") {
        while true {
          let names = try FileManager.default.contentsOfDirectory(atPath: folder)
          let begun = names.filter { (try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8))?.contains("begun\n") == true }
          if begun.count == 2 { return }
          try Task.checkCancellation()
          await Task.yield()
        }
      }
    }

    /// A shell between the session and the hook stays when the session is killed.
    @Test(arguments: [true, false]) func rewakeEndsWithTheSessionThoughAShellStays(isNamed: Bool) async throws {
      _ = try await sandbox.run(["agents", "add", "code"])
      _ = try await sandbox.send("before")
      _ = try await sandbox.hook("Stop")
      let script = """
        import os, subprocess, sys, time
        if sys.argv[2] == "named": os.environ["CLAUDE_PID"] = str(os.getpid())
        hook = subprocess.Popen(["/bin/sh", "-c", '"$0" hook rewake; echo over > over', sys.argv[1]], stdin=subprocess.PIPE)
        hook.stdin.write(b'{"session_id": "s1"}')
        hook.stdin.close()
        time.sleep(600)
        """
      let session = try sandbox.start(["-c", script, Program.path, isNamed ? "named" : "unnamed"], command: "python3")
      let folder = ".cowork-code-mcp/sessions"
      try await within("the turn of the rewake") {
        while !sandbox.files.contains(where: { $0.hasPrefix(folder) && $0.hasSuffix(".rewake") }) {
          try Task.checkCancellation()
          await Task.yield()
        }
      }
      #expect(sandbox.read("over") == nil)
      session.signal(SIGKILL)
      try await within("the end of the rewake", patience: .seconds(10)) {
        while sandbox.read("over") == nil {
          try Task.checkCancellation()
          try await Task.sleep(for: .milliseconds(20))
        }
      }
    }

    @Test func nothingIsToldTwiceAfterClear() async throws {
      let socket = StandInInbox.environment(sandbox.home + "/nowhere.sock")
      let id = try await sandbox.send("one")
      #expect(try await sandbox.hook("UserPromptSubmit", session: "s1", environment: socket).output.contains(id))
      for event in ["SessionStart", "UserPromptSubmit", "Stop"] {
        let outcome = try await sandbox.hook(event, session: "s2", extra: ["source": "clear"], environment: socket)
        #expect(outcome.output == "", "\(event)")
      }
    }

    @Test(arguments: ["compact", "resume"]) func whatIsUnreadIsToldOnceMoreWhereTheSessionLostIt(source: JSON) async throws {
      let id = try await sandbox.send("one")
      #expect(try await sandbox.hook("Stop").output.contains(id))
      #expect(try await sandbox.hook("SessionStart", extra: ["source": source]).output.contains(id))
      for event in ["Stop", "UserPromptSubmit"] { #expect(try await sandbox.hook(event).output == "") }
    }

    @Test func whatIsBeyondANoteIsToldOnceASession() async throws {
      _ = try await sandbox.send("one")
      try await sandbox.sqlite3(
        """
        INSERT INTO messages (id, sender, recipient, content, created_at) WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
          SELECT 'm' || i, 'cowork', 'code', 'x', '2020-01-01T00:00:00Z' FROM n
        """)
      #expect(try await sandbox.hook("Stop").output.contains("- and 300 further unread messages"))
      for event in ["Stop", "UserPromptSubmit", "SessionStart"] { #expect(try await sandbox.hook(event).output == "") }
      let inbox = try StandInInbox(sandbox)
      #expect(try await sandbox.hook("Stop", environment: inbox.environment).output.contains("- and 300 further unread messages"))
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      // The next ones that become visible were counted, and only what is new is told.
      for _ in 1...4 { _ = try await server.call("read_messages", ["limit": 100]) }
      let late = try await sandbox.send("late")
      let post = try await inbox.posts.next()
      #expect(post.text.contains(late) && !post.text.contains("“m"), "\(post.text)")
      _ = await server.end()
    }

    /// A folder that cannot be made, for root either.
    @Test func whatCannotBeRecordedWakesNobodyAndDoctorSaysSo() async throws {
      let id = try await sandbox.send("one")
      try sandbox.write("no folder", to: ".cowork-code-mcp/sessions")
      for event in ["Stop", "PostToolUse", "UserPromptSubmit", "rewake"] {
        let outcome = try await sandbox.hook(event)
        #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "", "\(event)")
      }
      #expect(try await sandbox.hook("SessionStart").output.contains(id))
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      let checks = try await sandbox.run("doctor", "--json").json["checks"]?.arrayValue
      let check = checks?.first { $0["subject"] == "session records" }
      #expect(check?["verdict"] == "warning")
      #expect(check?["found"]?.stringValue?.contains("/sessions") == true)
      #expect(await inbox.posts.all.isEmpty)
      // Mended, it wakes again.
      try FileManager.default.removeItem(atPath: sandbox.home + "/.cowork-code-mcp/sessions")
      #expect(try await inbox.posts.next().text.contains(id))
      _ = await server.end()
    }

    /// What could not be recorded whole is not lost: it is told once there is space.
    @Test func aFullDiskWakesNobodyAndLosesNothing() async throws {
      let id = try await sandbox.send("one")
      #expect(try await sandbox.hook("Stop").output.contains(id))
      // Without a log a reader writes nothing.
      try await sandbox.sqlite3("PRAGMA journal_mode = DELETE")
      let second = try await sandbox.send("two")
      let record = ".cowork-code-mcp/sessions/s1.code"
      let before = try #require(sandbox.read(record))
      try sandbox.write(before + String(repeating: "told 1\n", count: 200).prefix(1024 - 20 - before.utf8.count), to: record)
      // Room for 20 bytes, which is less than any fact takes. The output goes through a pipe, whose size has no limit.
      let full = #"(trap "" XFSZ; ulimit -f 2; exec "$0" hook "$1") | cat"#
      func hook(_ event: String) async throws -> Outcome {
        try await sandbox.run(["-c", full, Program.path, event], command: "/bin/sh", input: #"{"session_id": "s1"}"#)
      }
      #expect(try await hook("Stop").output == "")
      #expect(try await hook("SessionStart").output.contains(second), "the store can be read")
      #expect(sandbox.read(record)?.utf8.count == 1004)
      #expect(try await sandbox.hook("Stop").output.contains(second))
    }

    @Test func onlyTheUserEndsAMute() async throws {
      func stop() async throws -> String { try await sandbox.hook("Stop", options: ["--announce-limit", "1"]).output }
      _ = try await sandbox.send("one")
      #expect(try await stop().contains("“one”"))
      _ = try await sandbox.send("two")
      #expect(try await stop().contains("Do not answer. Tell your user."))
      // What wakes a session comes as a prompt as well.
      for prompt in ["<task-notification>\n<summary>Stop hook feedback", "[cowork bridge] News for the agent “code” from other agents"] {
        _ = try await sandbox.send("quiet")
        #expect(try await sandbox.hook("UserPromptSubmit", extra: ["prompt": .string(prompt)]).output == "")
        #expect(try await stop() == "")
      }
      // Cut within a character.
      try await sandbox.run("hook", "UserPromptSubmit", input: #"{"session_id":"s1","prompt":"<task-notification>\ud83d"}"#)
      _ = try await sandbox.send("quiet")
      #expect(try await stop() == "")
      _ = try await sandbox.hook("UserPromptSubmit", extra: ["prompt": "go on"])
      _ = try await sandbox.send("three")
      let note = try await stop()
      #expect(note.contains("“three”") && !note.contains("“two”") && !note.contains("“quiet”"))
    }

    /// A busy machine may need another try.
    @Test func aStoreThatDoesNotAnswerCostsOneHookLittleAndTheNextNothing() async throws {
      // Accepts connections and stays silent.
      let silent = try FaultProxy(to: FaultProxy.freePort())
      await silent.blackHole()
      let options = ["--database-url", "postgres://127.0.0.1:\(silent.port)/bridge?connect_timeout=60"]
      var quickest = Duration.seconds(1000)
      for session in 0..<3 where quickest > .seconds(1) {
        try? FileManager.default.removeItem(atPath: sandbox.home + "/.cowork-code-mcp/sessions")
        let outcome = try await sandbox.hook("Stop", session: "s\(session)", options: options)
        #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
        quickest = min(quickest, outcome.elapsed)
      }
      #expect(quickest < .seconds(1.5))
      #expect(sandbox.files.contains { $0.contains("/sessions/away-") })
      await silent.close()
    }

    /// A server that is far away needs more than the silence that is allowed, but no more than the session waits.
    @Test func aStoreThatHasAnsweredIsWaitedFor() async throws {
      let python = """
        import socket, time
        server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
        open("port.part", "w").write(str(server.getsockname()[1]))
        import os; os.rename("port.part", "port")
        connections = []
        while True:
            connections.append(server.accept()[0]); connections[-1].recv(8); connections[-1].send(b"N")
        """
      let server = try sandbox.start(["-c", python], command: "python3")
      try await within("the port") { while sandbox.read("port") == nil { await Task.yield() } }
      let port = try #require(sandbox.read("port"))
      let outcome = try await sandbox.hook("Stop", options: ["--database-url", "postgres://127.0.0.1:\(port)/bridge?sslmode=prefer"])
      #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
      #expect(outcome.elapsed > .seconds(1))
      #expect(sandbox.files.contains { $0.contains("/sessions/away-") })
      server.signal(SIGKILL)
      _ = try await server.outcome
    }

    @Test func aStoreThatWasAwayIsLeftAloneForAMinute() async throws {
      let id = try await sandbox.send("one")
      let python = """
        import sqlite3, sys, time
        store = sqlite3.connect(sys.argv[1], isolation_level=None)
        store.execute("PRAGMA locking_mode = EXCLUSIVE"); store.execute("BEGIN EXCLUSIVE")
        open("locked", "w").close(); time.sleep(600)
        """
      // Without a log nobody reads beside a writer.
      _ = try await sandbox.sqlite3("PRAGMA journal_mode = DELETE")
      let holder = try sandbox.start(["-c", python, sandbox.database], command: "python3")
      try await within("the lock") { while sandbox.read("locked") == nil { await Task.yield() } }
      #expect(try await sandbox.hook("Stop").output == "")
      holder.signal(SIGKILL)
      _ = try await holder.outcome
      #expect(try await sandbox.hook("Stop").output == "")
      let away = try #require(sandbox.files.first { $0.contains("/away-") })
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -61)], ofItemAtPath: sandbox.home + "/" + away)
      #expect(try await sandbox.hook("Stop").output.contains(id))
    }

    @Test(arguments: [
      ("COWORK_IDENTITY", "No Name"), ("COWORK_DATABASE_URL", "mysql://host/db"), ("COWORK_WORKSPACE", "A B"), ("COWORK_SESSION", " "),
      ("COWORK_ANNOUNCE_LIMIT", "x"), ("COWORK_ANNOUNCE_WINDOW", "0"),
    ])
    func aBadEnvironmentIsOneSentenceAtTheStartAndSilenceAfterThat(name: String, value: String) async throws {
      _ = try await sandbox.send("one")
      for event in ["UserPromptSubmit", "PostToolUse", "Stop", "rewake"] {
        let outcome = try await sandbox.hook(event, environment: [name: value])
        #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "", "\(event)")
      }
      let start = try await sandbox.hook("SessionStart", environment: [name: value])
      #expect(start.status == 0 && start.errors == "")
      let sentence = try start.json["hookSpecificOutput"]?["additionalContext"]?.stringValue
      #expect(sentence?.hasPrefix("The cowork bridge is not available in this session: ") == true)
      #expect(try await sandbox.hook("SessionStart", extra: ["source": "clear"], environment: [name: value]).output == "")
    }

    @Test func aClientsNameIsCutWhereItIsTaken() async throws {
      let server = try await sandbox.serve("code", as: String(repeating: "n\u{202E}", count: 150_000))
      for _ in 0..<2 { _ = try await server.call("list_agents") }
      try await within("the client's name") {
        while try await sandbox.sqlite3("SELECT count(client) FROM instances") == "0" { try Task.checkCancellation() }
      }
      #expect(try await sandbox.sqlite3("SELECT max(length(client)) FROM instances") == "100")
      #expect(try await sandbox.sqlite3("SELECT max(length(client)) FROM agents") == "100")
      _ = await server.end()
    }
  }
}
