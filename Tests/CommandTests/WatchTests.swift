import Foundation
import JSON
import ProcessTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct WatchTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func whatWasComesFirstAndThenWhatHappens() async throws {
    _ = try await sandbox.run("send", "cowork", "long ago")
    let watch = try Following(sandbox, ["watch"])
    #expect(try await watch.lines(to: "long ago").count == 1)
    let id = try await sandbox.run("send", "code", "by a command", "--as", "cowork", "--json").json.text("message_id")
    let line = try #require(try await watch.lines(to: "by a command").last)
    #expect(line.wholeMatch(of: try Regex("\\d\\d:\\d\\d:\\d\\d  cowork → code  \(id.prefix(8))  by a command")) != nil, "\(line)")
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('by-hand', 'x', 'y', 'typed', 0, datetime('now'))")
    try await watch.lines(to: "x → y  by-hand  typed")
    let task = try await sandbox.run("tasks", "create", "cowork", "Look at it", "--json").json.text("task_id")
    try await watch.lines(to: "code → cowork  \(task.prefix(8))  new task  Look at it")
    _ = try await sandbox.run("tasks", "update", task, "in_progress", "--as", "cowork")
    try await watch.lines(to: "cowork → code  \(task.prefix(8))  task in_progress  Look at it")
    try await sandbox.sqlite3("UPDATE tasks SET status = 'failed'")
    try await watch.lines(to: "code → cowork  \(task.prefix(8))  task failed  by hand  Look at it")
    let (rest, outcome) = try await watch.end(by: SIGINT)
    #expect(rest.isEmpty && outcome.status == 0 && outcome.errors.isEmpty)
    #expect(try await sandbox.sqlite3("SELECT count(*) FROM messages WHERE read = 1") == "0")
  }

  @Test func jsonIsAnObjectALine() async throws {
    _ = try await sandbox.run("send", "cowork", "one\ntwo \u{1B}[31m")
    let watch = try Following(sandbox, ["watch", "--json"])
    _ = try await sandbox.run("tasks", "create", "cowork", "t")
    let lines = try await watch.lines(to: "\"task\"").map { try JSON(decoding: $0) }
    #expect(lines.map { $0["type"] } == ["message", "task"])
    #expect(lines[0]["content"] == "one\ntwo \u{1B}[31m" && lines[0]["sender"] == "code")
    #expect(try lines[0].text("created_at").hasSuffix("Z"))
    #expect(lines[1]["to"] == "pending" && lines[1]["from"] == .null && lines[1]["actor"] == "code" && lines[1]["title"] == "t")
  }

  @Test func aClosedPipeEndsItAlthoughNothingIsWritten() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    let outcome = try await sandbox.shell("\"$0\" watch | head -n 1; \"$0\" watch --json | head -n 1")
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.split(separator: "\n").count == 2)
  }

  @Test(arguments: [SIGTERM, SIGHUP])
  func otherSignalsEndItAsWell(_ signal: Int32) async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    let watch = try Following(sandbox, ["watch"])
    try await watch.lines(to: "one")
    #expect(try await watch.end(by: signal).outcome.status == 0)
  }

  @Test func nohupKeepsItThroughAHangUp() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    let pipe = try LinePipe()
    let watch = try sandbox.start(["-c", "trap '' HUP; exec \"$0\" watch", Program.path], command: "/bin/sh", output: pipe.writing)
    defer { watch.signal(SIGKILL) }
    try await pipe.lines(to: "one")
    watch.signal(SIGHUP)
    _ = try await sandbox.run("send", "cowork", "two")
    try await pipe.lines(to: "two")
    watch.signal(SIGTERM)
    #expect(try await watch.outcome.status == 0)
  }

  @Test func itBeginsWithTheStoreAndMakesNone() async throws {
    let watch = try Following(sandbox, ["watch"], withErrors: true, environment: [:])
    let status = try await sandbox.run("status")
    #expect(status.status == 0 && sandbox.files.isEmpty)
    _ = try await sandbox.run("send", "cowork", "the first")
    try await watch.lines(to: "the first")
    #expect(try await watch.end(by: SIGINT).outcome.status == 0)
  }

  @Test func itIsNarrowed() async throws {
    for (agent, text) in [("reviewer", "from the reviewer"), ("code", "first"), ("code", "second")] {
      _ = try await sandbox.run("send", "cowork", text, "--as", agent)
    }
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('old', 'code', 'cowork', 'old', 0, datetime('now', '-2 days'))")
    func shown(_ arguments: String...) async throws -> [String] {
      let watch = try Following(sandbox, ["watch", "--json", "--log-level", "debug"] + arguments, withErrors: true)
      let past = try await watch.lines(to: "following")
      _ = try await sandbox.run("send", "reviewer", "end", "--as", "cowork")
      let lines = try await (past + watch.lines(to: "\"end\"").dropLast()).filter { $0.hasPrefix("{") }
        .map { try JSON(decoding: $0).text("content") }
      try await sandbox.sqlite3("DELETE FROM messages WHERE content = 'end'")
      return lines
    }
    #expect(try await shown() == ["from the reviewer", "first", "second", "old"])
    #expect(try await shown("--agent", "reviewer") == ["from the reviewer"])
    #expect(try await shown("--last", "2") == ["second", "old"])
    #expect(try await shown("--last", "0") == [])
    #expect(try await shown("--since", "1h", "--last", "3") == ["from the reviewer", "first", "second", "old"].suffix(4))
    #expect(try await shown("--since", "2999-01-01") == [])
    #expect(try await shown("--since", "2001-01-31 12:00", "--last", "1") == ["old"])
  }

  @Test func itFitsIntoEightyColumnsAndIsHarmless() async throws {
    let long = String(repeating: "word ", count: 300) + String(repeating: "x", count: 500) + " \u{1B}[2J 漢字\ttab"
    _ = try await sandbox.run("send", "cowork", long)
    _ = try await sandbox.run("tasks", "create", "cowork", String(repeating: "title ", count: 30))
    try await sandbox.sqlite3(
      "INSERT INTO messages VALUES ('h', '\(String(repeating: "n", count: 63))', '\u{1B}[31m', 'x', 0, '2001-01-31 12:00:00')")
    let watch = try Following(sandbox, ["watch"], environment: ["TZ": "UTC"])
    let lines = try await watch.lines(to: "[31m") + (try await watch.end(by: SIGINT).lines)
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
    #expect(!lines.joined().contains("\u{1B}") && lines.contains { $0.contains("2012 characters; --full shows them") }, "\(lines)")
    #expect(lines.contains { $0.contains("── Wednesday, 31 January 2001 ──") } && lines.contains { $0.hasPrefix("12:00:00  ") })
    let full = try Following(sandbox, ["watch", "--full", "--last", "3"])
    let whole = try await full.lines(to: "[31m")
    #expect(whole.joined().components(separatedBy: "word").count == 301 && whole.joined().filter { $0 == "x" }.count >= 500)
    #expect(whole.allSatisfy { $0.count <= 80 || $0.contains("nnnn") })
  }

  /// The work grows with the length of a word, not with its square.
  @Test(.timeLimit(.minutes(1))) func aWordOf256KiBIsShownAsAnyText() async throws {
    _ = try await sandbox.run("send", "cowork", "-", input: String(repeating: "x", count: 256 << 10))
    for arguments in [["watch", "--last", "1"], ["watch", "--full", "--last", "1"]] {
      let watch = try Following(sandbox, arguments)
      #expect(try await watch.lines(to: arguments.count == 3 ? "262144 characters" : "xxxx").isEmpty == false)
      _ = try await watch.end(by: SIGINT)
    }
  }

  @Test func aTerminalGetsColoursAndACleanEnd() async throws {
    _ = try await sandbox.run("send", "cowork", "one")
    for (environment, isColoured) in [([:], true), (["NO_COLOR": "1"], false)] as [([String: String], Bool)] {
      let terminal = try TestTerminal()
      let errors = try LinePipe()
      let watch = try sandbox.start(
        ["watch", "--log-level", "debug"], output: terminal.slave, errors: errors.writing, environment: environment)
      try await errors.lines(to: "following")
      kill(watch.pid, SIGINT)
      #expect(try await watch.outcome.status == 0)
      let text = terminal.printed()
      #expect(text.contains("\u{1B}[") == isColoured && text.hasSuffix("\r\n\r\n"))
    }
  }

  @Test(arguments: [
    ["--since", "yesterday"], ["--since", "-1h"], ["--since", "2026-13-01"], ["--last", "-1"], ["--agent", "No Name"], ["word"],
  ])
  func wrongUsageIs64(_ arguments: [String]) async throws {
    #expect(try await sandbox.run(["watch"] + arguments).status == 64)
  }

  @Test func aStoreThatCannotBeOpenedIsAnError() async throws {
    let outcome = try await sandbox.run("watch", "--database-url", sandbox.home)
    #expect(outcome.status == 1 && outcome.errors.contains("is a folder") && outcome.errors.split(separator: "\n").count == 1)
  }
}
