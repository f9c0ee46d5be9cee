import Foundation
import MCPClient
import PostgresTesting
import ProcessTesting
import SystemSupport
import Testing

extension RealProcesses {
  /// The hooks of Claude Code, with the real executable.
  @Suite struct HookTests {
    @Test(arguments: ["SessionStart", "UserPromptSubmit", "PostToolUse"])
    func aNoteIsAdditionalContext(event: String) async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("hello <b>")
      let outcome = try await sandbox.hook(event)
      #expect(outcome.status == 0 && outcome.errors == "")
      let answer = try outcome.json["hookSpecificOutput"]
      #expect(answer?["hookEventName"]?.stringValue == event)
      #expect(answer?["additionalContext"]?.stringValue?.contains("- message \(id) from the agent “cowork”: “hello ‹b›”\n") == true)
      #expect(try outcome.json.objectValue?.keys == ["hookSpecificOutput"])
      #expect(try await sandbox.sqlite3("SELECT read FROM messages") == "0")
    }

    @Test func stopBlocksWithTheNoteAsReason() async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("hello")
      let outcome = try await sandbox.hook("Stop")
      #expect(try outcome.json["decision"] == "block")
      #expect(try outcome.json["reason"]?.stringValue?.contains(id) == true)
    }

    @Test func theSameIsToldOnceASession() async throws {
      let sandbox = try Sandbox()
      let first = try await sandbox.send("one")
      #expect(try await sandbox.hook("UserPromptSubmit").output.contains(first))
      for event in ["Stop", "UserPromptSubmit", "PostToolUse", "SessionStart"] {
        let again = try await sandbox.hook(event)
        #expect(again.status == 0 && again.output == "", "\(event)")
      }
      let second = try await sandbox.send("two")
      let stop = try await sandbox.hook("Stop").output
      #expect(stop.contains(second) && !stop.contains(first))
      #expect(try await sandbox.hook("Stop", session: "another").output.contains(first))
    }

    @Test(arguments: ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"], [">&-", "1</dev/null"])
    func whatCouldNotBeWrittenIsToldLater(event: String, output: String) async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("one")
      let lost = try await sandbox.shell(#"echo '{"session_id":"s1"}' | "$0" hook \#(event) \#(output)"#)
      #expect(lost.status == 0 && lost.errors == "")
      #expect(try await sandbox.hook(event).output.contains(id))
      #expect(try await sandbox.hook(event).output == "")
    }

    @Test func whatNobodyReadsIsToldLater() async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("one")
      let pipe = try FileDescriptor.makePipe()
      try pipe.reading.close()
      let lost = try await sandbox.run("hook", "Stop", input: #"{"session_id":"s1"}"#, output: pipe.writing)
      #expect(lost.status == 0 && lost.errors == "")
      #expect(try await sandbox.hook("Stop").output.contains(id))
    }

    @Test func aRewakeThatCannotTellWakesNobody() async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("one")
      let lost = try await sandbox.shell(#"echo '{"session_id":"s1"}' | "$0" hook rewake 2>&-"#)
      #expect(lost.status == 0 && lost.output == "")
      #expect(try await sandbox.hook("Stop").output.contains(id))
    }

    @Test func aSettingThatCannotBeIsNoErrorWhereItCannotBeTold() async throws {
      let sandbox = try Sandbox()
      let lost = try await sandbox.shell(#"echo '{"session_id":"s1"}' | COWORK_IDENTITY='No Name' "$0" hook SessionStart >&-"#)
      #expect(lost.status == 0 && lost.errors == "")
    }

    @Test func aContinuedTurnIsNotContinuedAgain() async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("one")
      #expect(try await sandbox.hook("Stop", extra: ["stop_hook_active": true]).output == "")
      #expect(try await sandbox.hook("Stop", extra: ["stop_hook_active": false]).output.contains(id))
    }

    @Test func aSubagentIsToldNothing() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.send("one")
      #expect(try await sandbox.hook("PostToolUse", extra: ["agent_id": "a1"]).output == "")
      #expect(try await sandbox.hook("PostToolUse").output != "")
    }

    @Test func aSessionThatBeginsIsToldOfOpenTasksToo() async throws {
      let sandbox = try Sandbox()
      let server = try await sandbox.claudeCode(as: "some-client")
      let created = try await sandbox.run(["tasks", "create", "code", "Review", "--as", "cowork", "--json"])
      let id = try #require(try created.json["task_id"]?.stringValue)
      // Seen by another session, and begun.
      _ = try await server.call("update_task", ["task_id": .string(id), "status": "in_progress"])
      _ = try await server.call("get_tasks")
      // The reply's lease is settled before the next call runs.
      _ = try await server.call("list_agents")
      #expect(try await sandbox.hook("UserPromptSubmit").output == "")
      let start = try await sandbox.hook("SessionStart").output
      #expect(start.contains("- task \(id) from the agent “cowork”, in_progress: “Review”"))
      #expect(try await sandbox.hook("SessionStart").output == "")
    }

    @Test(arguments: ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "rewake"])
    func aMissingStoreIsSilenceAndIsNotMade(event: String) async throws {
      let sandbox = try Sandbox()
      let outcome = try await sandbox.hook(event)
      #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
      #expect(sandbox.files == [])
    }

    @Test(arguments: ["SessionStart", "Stop"])
    func aBrokenStoreIsSilence(event: String) async throws {
      let sandbox = try Sandbox()
      try sandbox.write(String(repeating: "no database ", count: 1000), to: ".cowork-code-mcp/messages.db")
      let outcome = try await sandbox.hook(event)
      #expect(outcome.status == 0 && outcome.output == "" && outcome.errors == "")
    }

    @Test func aLogLevelThatIsMeantForOthersIsNoError() async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("one")
      let outcome = try await sandbox.run(["hook", "session-start"], input: "{}", environment: ["COWORK_LOG_LEVEL": "loud"])
      #expect(outcome.status == 0 && outcome.errors == "" && outcome.output.contains(id))
    }

    @Test(arguments: ["", "no json", "[]", "{\"session_id\": 5}", "{\"session_id\": \"../../etc\"}"])
    func oddInputBreaksNothing(input: String) async throws {
      let sandbox = try Sandbox()
      let id = try await sandbox.send("one")
      let stop = try await sandbox.run(["hook", "Stop"], input: input)
      #expect(stop.status == 0 && stop.errors == "")
      // It could not be recorded as told, so it must not keep a session from ending.
      if !input.contains("..") { #expect(stop.output == "") }
      let start = try await sandbox.run(["hook", "session-start"], input: input)
      #expect(start.status == 0 && start.output.contains(id))
      #expect(!sandbox.files.contains { $0.contains("sessions/") })
    }

    @Test func whatTheServerPostedTheHooksDoNotTellAndTheOtherWayRound() async throws {
      let sandbox = try Sandbox()
      let inbox = try StandInInbox(sandbox)
      let server = try await sandbox.claudeCode(environment: inbox.environment)
      _ = try await inbox.post(with: try await sandbox.send("one"))
      // A session has another id after `/clear`.
      for id in ["s1", "s2"] { #expect(try await sandbox.hook("Stop", session: id, environment: inbox.environment).output == "") }
      _ = await server.end()
      let second = try await sandbox.send("two")
      #expect(try await sandbox.hook("Stop", environment: inbox.environment).output.contains(second))
      let next = try await sandbox.claudeCode(environment: inbox.environment)
      let third = try await sandbox.send("three")
      let post = try await inbox.posts.next()
      #expect(post.text.contains(third) && !post.text.contains(second))
      _ = await next.end()
    }

    @Test func rewakeWaitsAndExitsWithStatusTwo() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.hook("Stop")
      let early = try await sandbox.send("early")
      #expect(try await sandbox.hook("Stop").output.contains(early))
      async let rewake = sandbox.hook("rewake")
      try await turn(of: "s1", in: sandbox)
      let late = try await sandbox.send("late")
      let outcome = try await rewake
      #expect(outcome.status == 2)
      #expect(outcome.output == "")
      #expect(outcome.errors.contains(late) && !outcome.errors.contains(early))
      #expect(outcome.errors.hasPrefix("[cowork bridge] News") && outcome.errors.hasSuffix("[end of cowork bridge]\n"))
    }

    @Test func theNewestRewakeOfASessionTakesOver() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.run(["agents", "add", "code"])
      async let older = sandbox.hook("rewake")
      let first = try await turn(of: "s1", in: sandbox)
      async let newer = sandbox.hook("rewake")
      try await turn(of: "s1", in: sandbox, after: first)
      let (status, output) = try await (older.status, older.errors)
      #expect(status == 0 && output == "")
      let id = try await sandbox.send("hello")
      #expect(try await newer.errors.contains(id))
    }

    /// The newer one is stopped meanwhile: only the older one sees the news, and must leave it.
    @Test func whatComesAfterTheTakeOverIsTheNewestsAlone() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.run(["agents", "add", "code"])
      let older = try rewake(in: sandbox)
      let first = try await turn(of: "s1", in: sandbox)
      let newer = try rewake(in: sandbox)
      try await turn(of: "s1", in: sandbox, after: first)
      newer.signal(SIGSTOP)
      let id = try await sandbox.send("hello")
      let overtaken = try await older.outcome
      #expect(overtaken.status == 0 && overtaken.errors == "")
      newer.signal(SIGCONT)
      let outcome = try await newer.outcome
      #expect(outcome.status == 2 && outcome.errors.contains(id))
    }

    /// Another session's process is unaffected.
    @Test func rewakesOfTwoSessionsBothTell() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.run(["agents", "add", "code"])
      async let one = sandbox.hook("rewake", session: "s1")
      async let two = sandbox.hook("rewake", session: "s2")
      for session in ["s1", "s2"] { try await turn(of: session, in: sandbox) }
      let id = try await sandbox.send("hello")
      for outcome in try await [one, two] { #expect(outcome.status == 2 && outcome.errors.contains(id)) }
    }

    private func rewake(in sandbox: Sandbox) throws -> Running {
      try sandbox.start(["hook", "rewake"], input: #"{"session_id": "s1"}"#.utf8)
    }

    /// Awaits the start of a rewake, by the file that names the current one.
    @discardableResult
    private func turn(of session: String, in sandbox: Sandbox, after earlier: String? = nil) async throws -> String {
      try await within("the turn of a rewake") {
        while true {
          if let name = sandbox.read(".cowork-code-mcp/sessions/\(session).code.rewake"), name != earlier { return name }
          try Task.checkCancellation()
          await Task.yield()
        }
      }
    }

    @Test func theLoopGuardHoldsForHooks() async throws {
      let sandbox = try Sandbox()
      for number in 1...2 {
        _ = try await sandbox.send("n\(number)")
        #expect(try await sandbox.hook("Stop", options: ["--announce-limit", "2"]).output.contains("n\(number)"))
      }
      _ = try await sandbox.send("n3")
      #expect(try await sandbox.hook("Stop", options: ["--announce-limit", "2"]).output.contains("looks like a loop"))
      _ = try await sandbox.send("n4")
      #expect(try await sandbox.hook("Stop", options: ["--announce-limit", "2"]).output == "")
    }

    @Test func sessionsThatAreLongOverAreForgotten() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.send("one")
      let old = sandbox.home + "/.cowork-code-mcp/sessions/old.code"
      try sandbox.write("told 1\n", to: ".cowork-code-mcp/sessions/old.code")
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -8 * 86_400)], ofItemAtPath: old)
      _ = try await sandbox.hook("SessionStart", session: "new")
      #expect(!FileManager.default.fileExists(atPath: old))
      #expect(FileManager.default.fileExists(atPath: sandbox.home + "/.cowork-code-mcp/sessions/new.code"))
    }

    /// Processor time is asserted, because wall time depends on the machine's load.
    @Test func nothingCostsNearlyNothing() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.run(["agents", "add", "code"])
      var processor: [Double] = []
      var elapsed: [Duration] = []
      for _ in 0..<15 {
        let before = processorTimeOfChildren()
        let outcome = try await sandbox.hook("PostToolUse")
        #expect(outcome.output == "" && outcome.status == 0)
        processor.append(processorTimeOfChildren() - before)
        elapsed.append(outcome.elapsed)
      }
      processor.sort()
      elapsed.sort()
      print(
        "hook with nothing to tell: processor \(processor[0]) to \(processor[14]) ms, median \(processor[7]); clock \(elapsed[0]) to \(elapsed[14])"
      )
      #expect(processor[0] < 100)
    }
  }
}

/// Milliseconds that the children of this process have used which have ended.
private func processorTimeOfChildren() -> Double {
  var usage = rusage()
  #if canImport(Darwin)
    getrusage(RUSAGE_CHILDREN, &usage)
  #else
    getrusage(RUSAGE_CHILDREN.rawValue, &usage)
  #endif
  func milliseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1000 + Double(time.tv_usec) / 1000 }
  return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
}
