import Foundation
import MCP
import Testing

@Suite struct SendTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func wordsBecomeOneMessage() async throws {
    let sent = try await sandbox.run("send", "cowork", "How", "far", "is it?")
    #expect(sent.status == 0)
    #expect(sent.error == "")
    let row = try await sandbox.sqlite("SELECT id, sender, recipient, content, read FROM messages").split(separator: "|")
    let id = try #require(row.first.map(String.init))
    #expect(row.dropFirst().joined(separator: "|") == "code|cowork|How far is it?|0\n")
    #expect(sent.output.contains(id))
    #expect(sent.output.contains("Sent to cowork, which is offline"))
  }

  @Test func jsonIsTheToolsReceipt() async throws {
    let receipt = try await sandbox.run("send", "cowork", "Hello", "--json").json
    #expect(receipt.objectValue?.keys == ["message_id", "to", "created_at", "recipient_online", "duplicate"])
    #expect(receipt["to"] == "cowork")
    #expect(try await sandbox.sqlite("SELECT id FROM messages") == receipt.text("message_id") + "\n")
  }

  @Test func standardInputIsTakenWithoutItsLastLineEnd() async throws {
    #expect(try await sandbox.run("send", "cowork", "-", input: "one\n\ntwo\n\n").status == 0)
    #expect(try await sandbox.sqlite("SELECT hex(content) FROM messages") == "6F6E650A0A74776F0A\n")
  }

  @Test func textMayBeginWithADash() async throws {
    #expect(try await sandbox.run("send", "cowork", "--", "-5", "degrees").status == 0)
    #expect(try await sandbox.sqlite("SELECT content FROM messages") == "-5 degrees\n")
  }

  @Test func aKeySendsOnce() async throws {
    let first = try await sandbox.run("send", "cowork", "once", "--key", "k", "--json").json
    let second = try await sandbox.run("send", "cowork", "once", "--key", "k", "--json").json
    #expect(second["duplicate"] == true)
    #expect(second["message_id"] == first["message_id"])
    #expect(try await sandbox.run("send", "cowork", "once", "--key", "k").output.contains("nothing new was sent"))
    #expect(try await sandbox.sqlite("SELECT COUNT(*) FROM messages") == "1\n")
  }

  @Test func replyAndTaskAreKept() async throws {
    _ = try await sandbox.run("send", "cowork", "about", "--reply-to", "m-1", "--task", "t-1")
    #expect(try await sandbox.sqlite("SELECT reply_to, task_id FROM message_details") == "m-1|t-1\n")
    #expect(try await sandbox.run("read", "--as", "cowork").output.contains("answers m-1, about task t-1"))
  }

  @Test func theSenderCanBeAnsweredAndIsNotOnline() async throws {
    #expect(try await sandbox.run("send", "reviewer", "early", "--as", "cowork").status == 1)
    _ = try await sandbox.run("send", "cowork", "I am new", "--as", "reviewer")
    let answer = try await sandbox.run("send", "reviewer", "Welcome", "--as", "cowork", "--json").json
    #expect(answer["recipient_online"] == false)
    #expect(try await sandbox.sqlite("SELECT COUNT(*) FROM instances") == "0\n")
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
    #expect(sent.error.hasPrefix("There is no agent \"cowrk\"; known are code, cowork. Did you mean \"cowork\"?"))
    #expect(sent.error.filter { $0 == "\n" }.count == 1)
  }

  @Test(arguments: [["send"], ["send", "cowork"], ["send", "No Name", "x"], ["send", "cowork", "x", "--as", "No Name"]])
  func wrongUsageIs64(_ arguments: [String]) async throws {
    let outcome = try await sandbox.start(Program.path, arguments).outcome
    #expect(outcome.status == 64)
    #expect(outcome.error.contains("Usage: cowork-code-mcp-server send"))
    #expect(outcome.output == "")
  }

  @Test func whatIsNoTextIsRefused() async throws {
    let binary = try await sandbox.start(Program.path, ["send", "cowork", "-"], input: [0x61, 0xFF]).outcome
    #expect(binary.status == 1)
    #expect(binary.error == "Standard input is not UTF-8 text: convert it first, or name a file instead.\n")
    let empty = try await sandbox.run("send", "cowork", "-")
    #expect(empty.status == 1)
    #expect(empty.error == "content is empty: write at least one character.\n")
  }

  @Test func aBrokenStoreIsOneSentence() async throws {
    let outcome = try await sandbox.run("send", "cowork", "x", "--database-url", "/dev/null/x.db")
    #expect(outcome.status == 1)
    #expect(outcome.error.contains("/dev/null"))
    #expect(outcome.error.filter { $0 == "\n" }.count == 1)
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
    #expect(try await sandbox.sqlite(state) == "1|6\n0\nok\n")
    #expect(try await sandbox.shell(send).status == 0)
    #expect(try await sandbox.sqlite(state) == "2|250000\n0\nok\n")
  }
}
