import Foundation
import ProcessTesting
import Testing

@Suite struct SendTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func wordsBecomeOneMessage() async throws {
    let sent = try await sandbox.run("send", "cowork", "How", "far", "is it?")
    #expect(sent.status == 0)
    #expect(sent.errors == "")
    let row = try await sandbox.sqlite3("SELECT id, sender, recipient, content, read FROM messages").split(separator: "|")
    let id = try #require(row.first.map(String.init))
    #expect(row.dropFirst().joined(separator: "|") == "code|cowork|How far is it?|0")
    #expect(sent.output.contains(id))
    #expect(sent.output.contains("Sent to cowork, which is offline"))
  }

  @Test func jsonIsTheToolsReceipt() async throws {
    let receipt = try await sandbox.run("send", "cowork", "Hello", "--json").json
    #expect(receipt.objectValue?.keys == ["message_id", "to", "created_at", "recipient_online", "duplicate"])
    #expect(receipt["to"] == "cowork")
    #expect(try await sandbox.sqlite3("SELECT id FROM messages") == receipt.text("message_id") + "")
  }

  @Test func standardInputIsTakenWithoutItsLastLineEnd() async throws {
    #expect(try await sandbox.run("send", "cowork", "-", input: "one\n\ntwo\n\n").status == 0)
    #expect(try await sandbox.sqlite3("SELECT hex(content) FROM messages") == "6F6E650A0A74776F0A")
  }

  @Test func textMayBeginWithADash() async throws {
    #expect(try await sandbox.run("send", "cowork", "--", "-5", "degrees").status == 0)
    #expect(try await sandbox.sqlite3("SELECT content FROM messages") == "-5 degrees")
  }

  @Test func aKeySendsOnce() async throws {
    let first = try await sandbox.run("send", "cowork", "once", "--key", "k", "--json").json
    let second = try await sandbox.run("send", "cowork", "once", "--key", "k", "--json").json
    #expect(second["duplicate"] == true)
    #expect(second["message_id"] == first["message_id"])
    #expect(try await sandbox.run("send", "cowork", "once", "--key", "k").output.contains("nothing new was sent"))
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "1")
  }

  @Test func allOthersCanBeReached() async throws {
    _ = try await sandbox.run("agents", "add", "third")
    let sent = try await sandbox.run("send", "*", "to all", "--key", "k", "--json").json
    #expect(sent.objectValue?.keys == ["to", "sent"])
    #expect(try sent.list("sent").map { $0["to"] } == ["cowork", "third"])
    let again = try await sandbox.run("send", "*", "to all", "--key", "k").output
    #expect(again.contains("Sent before to cowork as ") && again.contains("Sent before to third as "))
    #expect(try await sandbox.sqlite3("SELECT recipient FROM messages ORDER BY recipient") == "cowork\nthird")
  }

  @Test func replyAndTaskAreKept() async throws {
    let message = try await sandbox.run("send", "code", "question", "--as", "cowork", "--json").json.text("message_id")
    let task = try await sandbox.run("tasks", "create", "cowork", "Look", "--json").json.text("task_id")
    let answer = try await sandbox.run(
      "send", "cowork", "about", "--reply-to", String(message.prefix(8)), "--task", String(task.prefix(8)), "--json"
    ).json.text("message_id")
    #expect(
      try await sandbox.sqlite3("SELECT reply_to, task_id FROM message_details WHERE message_id = '\(answer)'") == "\(message)|\(task)")
    #expect(try await sandbox.run("read", "--as", "cowork").output.contains("answers \(message), about task \(task)"))
    #expect(
      try await sandbox.run("history", "--before", String(answer.prefix(8)), "--json").json.list("messages").map { $0["id"] } == [
        .string(message)
      ])
    #expect(try await sandbox.run("tasks", "show", String(task.prefix(8))).output.contains("Look"))
    #expect(try await sandbox.run("tasks", "update", String(task.prefix(8)), "completed", "--as", "cowork").status == 0)
  }

  @Test func anIDThatNamesNothingOrSeveralIsRefusedWithWhatToDo() async throws {
    let unknown = try await sandbox.run("send", "cowork", "x", "--reply-to", "m-1")
    #expect(unknown.status == 1 && unknown.errors.contains("reply_to \"m-1\" names no message"))
    for number in 1...2 {
      try await sandbox.sqlite3(
        "INSERT INTO tasks (id, sender, recipient, title) VALUES ('abcdef12-\(number)', 'code', 'cowork', 'T\(number)')")
    }
    for arguments in [
      ["send", "cowork", "x", "--task", "abcdef12"], ["tasks", "show", "abcdef12"], ["tasks", "update", "abcdef12", "failed"],
    ] {
      let outcome = try await sandbox.run(arguments)
      #expect(outcome.status == 1 && outcome.errors.contains("“abcdef12-1” (“T1”), “abcdef12-2” (“T2”)."), "\(outcome)")
    }
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages") == "0")
  }

  @Test func theSenderCanBeAnsweredAndIsNotOnline() async throws {
    #expect(try await sandbox.run("send", "reviewer", "early", "--as", "cowork").status == 1)
    _ = try await sandbox.run("send", "cowork", "I am new", "--as", "reviewer")
    let answer = try await sandbox.run("send", "reviewer", "Welcome", "--as", "cowork", "--json").json
    #expect(answer["recipient_online"] == false)
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM instances") == "0")
  }

  @Test func whatWaitsIsTold() async throws {
    _ = try await sandbox.run("send", "code", "psst", "--as", "cowork")
    #expect(try await sandbox.run("send", "cowork", "x", "--json").json["unread"] == ["messages": 1, "tasks": 0])
    #expect(try await sandbox.run("send", "cowork", "x").output.hasSuffix("For code: 1 unread message.\n"))
  }

  @Test func anUnknownRecipientIsOneSentence() async throws {
    let sent = try await sandbox.run("send", "cowrk", "x")
    #expect(sent.status == 1)
    #expect(sent.output == "")
    #expect(sent.errors.hasPrefix("There is no agent \"cowrk\"; known are cowork, code. Did you mean \"cowork\"?"))
    #expect(sent.errors.filter { $0 == "\n" }.count == 1)
  }

  @Test(arguments: [["send"], ["send", "cowork"], ["send", "No Name", "x"], ["send", "cowork", "x", "--as", "No Name"]])
  func wrongUsageIs64(_ arguments: [String]) async throws {
    let outcome = try await sandbox.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("Usage: cowork-code-mcp-server send"))
    #expect(outcome.output == "")
  }

  @Test func whatIsNoTextIsRefused() async throws {
    let binary = try await sandbox.start(["send", "cowork", "-"], input: [0x61, 0xFF]).outcome
    #expect(binary.status == 1)
    #expect(binary.errors == "Standard input is not UTF-8 text: convert it first, or send the name of a file instead.\n")
    let empty = try await sandbox.run("send", "cowork", "-")
    #expect(empty.status == 1)
    #expect(empty.errors == "content is empty: write at least one character.\n")
  }

  @Test func aBrokenStoreIsOneSentence() async throws {
    let outcome = try await sandbox.run("send", "cowork", "x", "--database-url", "/dev/null/x.db")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("/dev/null"))
    #expect(outcome.errors.filter { $0 == "\n" }.count == 1)
  }

  /// In blocks: room for nothing, and for a part of the message. A file size limit fails like a full disk, and needs no privileges.
  @Test(arguments: [0, 100])
  func aDiskThatTakesNoMoreIsOneSentenceAndNothingIsHalfWritten(_ limit: Int) async throws {
    _ = try await sandbox.run("send", "cowork", "before")
    let text = sandbox.home + "/text"
    try Data(repeating: 0x78, count: 250_000).write(to: URL(fileURLWithPath: text))
    let send = "\"$0\" send cowork - --as reviewer < \(text)"
    let refused = try await sandbox.shell("(ulimit -f \(limit); trap '' XFSZ; \(send) 2>&1; echo status $?) | cat")
    let sentence = "The disk of \(sandbox.database) failed and nothing was written (disk I/O error): see whether it is full"
    #expect(refused.output.hasPrefix(sentence) && refused.output.hasSuffix("\nstatus 1\n"), "\(refused.output)")
    #expect(refused.output.filter { $0 == "\n" }.count == 2)
    let state = "SELECT count(*), max(length(content)) FROM messages; SELECT count(*) FROM message_details; PRAGMA integrity_check"
    #expect(try await sandbox.sqlite3(state) == "1|6\n0\nok")
    #expect(try await sandbox.shell(send).status == 0)
    #expect(try await sandbox.sqlite3(state) == "2|250000\n0\nok")
  }
}
