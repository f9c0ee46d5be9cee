import Foundation
import MCP
import ProcessTesting
import Testing

@testable import BridgeServer

/// Two JSON lines to a Unix socket, and the ways in which that fails.
@Suite struct InboxSocketTests {
  @Test func itWritesTheTwoLines() async throws {
    let inbox = try StandInInbox(Sandbox())
    #expect(await InboxSocket(path: inbox.path, token: "t\"1").post("a\n\"b\" ‹c›") == .posted)
    let post = try await inbox.posts.next()
    #expect(
      post.json == [
        ["type": "auth", "token": "t\"1"], ["type": "user", "message": ["role": "user", "content": "a\n\"b\" ‹c›"]],
      ])
    #expect(post.lines.count == 2)
  }

  @Test func itIsThereWhereTheEnvironmentNamesBothParts() {
    #expect(InboxSocket(environment: StandInInbox.environment("/x")) != nil)
    for name in ["CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN"] {
      #expect(InboxSocket(environment: StandInInbox.environment("/x").merging([name: ""]) { $1 }) == nil)
      #expect(InboxSocket(environment: StandInInbox.environment("/x").filter { $0.key != name }) == nil)
    }
  }

  @Test func theTokenIsNeverShown() {
    let socket = InboxSocket(path: "/x", token: StandInInbox.token)
    var dumped = ""
    dump(socket, to: &dumped)
    for text in ["\(socket)", String(reflecting: socket), dumped] { #expect(!text.contains(StandInInbox.token)) }
  }

  @Test func aMissingSocketFails() async {
    guard case .failed(let why) = await InboxSocket(path: "/tmp/nowhere-\(UUID())", token: "t").post("x") else {
      Issue.record("it was posted")
      return
    }
    #expect(why.contains("No such file"))
  }

  @Test func aPathThatIsTooLongFails() async {
    let outcome = await InboxSocket(path: "/tmp/" + String(repeating: "x", count: 200), token: "t").post("x")
    guard case .failed = outcome else {
      Issue.record("\(outcome)")
      return
    }
  }

  @Test func aFileThatNobodyListensOnFails() async throws {
    let sandbox = try Sandbox()
    let path: String
    do { path = try StandInInbox(sandbox).path }
    let outcome = await InboxSocket(path: path, token: "t").post("x")
    guard case .failed = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(FileManager.default.fileExists(atPath: path))
  }

  /// More than a socket buffers, to a reader that does not read: given up at the deadline.
  @Test func aReaderThatDoesNotReadCostsThePatienceAndNoMore() async throws {
    let inbox = try StandInInbox(Sandbox(), .neverReads)
    let socket = InboxSocket(path: inbox.path, token: "t", patience: .milliseconds(300))
    let begin = ContinuousClock.now
    let outcome = try await within("the end of the patience") { await socket.post(String(repeating: "x", count: 16 << 20)) }
    let elapsed = begin.duration(to: .now)
    guard case .failed(let why) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(why.contains("takes nothing"))
    #expect(elapsed >= .milliseconds(300))
  }

  @Test func aReaderThatClosesIsNoHarm() async throws {
    let inbox = try StandInInbox(Sandbox(), .closes)
    let outcome = await InboxSocket(path: inbox.path, token: "t").post(String(repeating: "x", count: 4 << 20))
    #expect(outcome != .posted)
  }

  #if os(Linux)
    /// A full backlog blocks connect on Linux.
    @Test func aListenerThatNeverAcceptsCostsThePatienceAndNoMore() async throws {
      let inbox = try StandInInbox(Sandbox(), .neverAccepts)
      let socket = InboxSocket(path: inbox.path, token: "t", patience: .milliseconds(200))
      var outcomes: [InboxSocket.Outcome] = []
      for _ in 0..<3 { outcomes.append(await socket.post("x")) }
      guard case .failed = outcomes.last else {
        Issue.record("\(outcomes)")
        return
      }
    }
  #endif
}
