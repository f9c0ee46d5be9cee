import Foundation
import ProcessTesting
import Testing

/// What a shell offers, and the line for a status bar.
@Suite struct CompletionTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func offered(_ command: String, _ argument: String, _ line: String...) async throws -> [String] {
    let words = ["---completion"] + command.split(separator: " ").map(String.init) + ["--", argument, "\(line.count)", "0"]
    let outcome = try await inTime { try await sandbox.run(words + ["cowork-code-mcp-server"] + line) }
    #expect(outcome.errors.isEmpty && outcome.status == 0, "\(outcome)")
    return outcome.output.split(separator: "\n").map(String.init)
  }

  /// Once more where the program gave up because the machine was busy.
  private func inTime(_ run: () async throws -> Outcome) async throws -> Outcome {
    for _ in 0..<10 {
      let outcome = try await run()
      if outcome.elapsed < .milliseconds(500) || !outcome.output.allSatisfy(\.isNewline) { return outcome }
    }
    return try await run()
  }

  @Test func agentsAndIdsAreOffered() async throws {
    let message = try await sandbox.run("send", "cowork", "x", "--json").json.text("message_id")
    let task = try await sandbox.run("tasks", "create", "cowork", "T", "--json").json.text("task_id")
    _ = try await sandbox.run("agents", "add", "reviewer")
    for (command, argument) in [
      ("send", "positional@0"), ("send", "--as"), ("history", "--with"), ("read", "--from"), ("watch", "--agent"), ("web", "--as"),
      ("tasks create", "positional@0"),
      ("agents remove", "positional@0"), ("wait", "--as"),
    ] {
      #expect(try await Set(offered(command, argument, "")) == ["code", "cowork", "reviewer"], "\(command)")
    }
    for (command, argument) in [
      ("tasks show", "positional@0"), ("tasks update", "positional@0"), ("history", "--task"), ("send", "--task"),
    ] {
      #expect(try await offered(command, argument, "") == [task], "\(command)")
      #expect(try await offered(command, argument, "--as", "reviewer", "") == [], "\(command)")
    }
    #expect(try await offered("send", "--reply-to", "--as=cowork", "") == [message])
    try await sandbox.sqlite3("UPDATE tasks SET id = '$(touch x)'")
    #expect(try await offered("tasks show", "positional@0", "") == [])
  }

  @Test func nothingIsOfferedNorMadeWhereThereIsNoStore() async throws {
    #expect(try await offered("send", "positional@0", "") == [])
    #expect(try await offered("send", "positional@0", "--database-url", "host=x", "") == [])
    #expect(sandbox.files.isEmpty)
  }

  @Test func bashCompletesAnAgent() async throws {
    _ = try await sandbox.run("agents", "add", "reviewer")
    let script = """
      PATH=$(dirname "$0"):$PATH
      source <(cowork-code-mcp-server --generate-completion-script bash)
      COMP_WORDS=(cowork-code-mcp-server send rev); COMP_CWORD=2; COMP_LINE="cowork-code-mcp-server send rev"; COMP_POINT=${#COMP_LINE}
      $(complete -p cowork-code-mcp-server | sed 's/.*-F \\([^ ]*\\) .*/\\1/') cowork-code-mcp-server rev send
      echo "${COMPREPLY[@]}"
      """
    let outcome = try await inTime { try await sandbox.run(["-c", script, Program.path], command: "bash") }
    #expect(outcome.output == "reviewer\n", "\(outcome)")
  }

  @Test func theStatusLineIsShort() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    _ = try await sandbox.run("tasks", "create", "cowork", "T")
    let input = #"{"hook_event_name":"Status","session_id":"1","model":{"id":"x"}}"#
    let line = try await inTime { try await sandbox.run("statusline", "--as", "cowork", input: input) }
    #expect(line.output == "cowork · 1 unread · 1 open task · nobody else online\n" && line.errors.isEmpty, "\(line)")
    let json = try await inTime { try await sandbox.run("statusline", "--json") }.json
    #expect(json["agent"] == "code" && json["unread_messages"] == 0 && json["online"] == [])
    #expect(try await sandbox.sqlite3("SELECT count(*) FROM messages WHERE read = 1") == "0")
  }

  @Test func theStatusLineIsSilentWithoutAStore() async throws {
    for url in [sandbox.database, sandbox.home, "postgres://127.0.0.1:1/x"] {
      let line = try await sandbox.run("statusline", "--database-url", url)
      #expect(line.status == 0 && line.output.isEmpty && line.errors.isEmpty, "\(line)")
    }
    #expect(sandbox.files.isEmpty)
  }

  @Test func aTextIsSentFromAFile() async throws {
    try sandbox.write("one\ntwo\n", to: "text")
    for arguments in [["--file", "text"], ["--file", "-"]] {
      #expect(try await sandbox.run(["send", "cowork"] + arguments, input: "one\ntwo\n").status == 0)
    }
    #expect(try await sandbox.sqlite3("SELECT count(*) FROM messages WHERE content = 'one' || char(10) || 'two'") == "2")
    let missing = try await sandbox.run("send", "cowork", "--file", "nowhere")
    #expect(missing.status == 1 && missing.errors.hasPrefix("nowhere cannot be read"))
    #expect(try await sandbox.run("send", "cowork", "x", "--file", "text").status == 64)
  }
}
