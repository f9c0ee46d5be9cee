import Foundation
import JSON
import MCPClient
import ProcessTesting
import SystemSupport
import Testing

/// Several sessions under one name, as processes. A client is a relay between the test and the server that it has started.
extension ProcessTests {
  /// A launcher that stays, and hands its standard input on.
  private static let launcher = ["/bin/sh", "-c", "\"$0\" \"$@\"; exit $?"]

  private func ask(_ asker: ChildServer, _ content: String = "?") async throws -> String {
    try #require(try await asker.call("send_message", ["to": "cowork", "content": .string(content)])["message_id"]?.stringValue)
  }

  private func reply(_ content: String, to asked: String, from server: ChildServer) async throws {
    _ = try await server.call("send_message", ["to": "code", "content": .string(content), "reply_to": .string(asked)])
  }

  /// Returns when `code` has so many sessions: the first heartbeat comes beside the first calls.
  private func untilThereAre(_ count: Int64, seenBy server: ChildServer) async throws {
    var sessions: JSON?
    for _ in 1...1_000 where sessions != .integer(count) {
      sessions = try await server.call("list_agents")["agents"]?.arrayValue?.first?["sessions"]
    }
    #expect(sessions == .integer(count))
  }

  private func contents(_ result: JSON) -> [String?] { result["messages"]?.arrayValue?.map { $0["content"]?.stringValue } ?? [] }

  @Test func ofTwoSessionsThatWaitTheOneThatAskedGetsTheAnswer() async throws {
    let sandbox = try Sandbox()
    let cowork = try await sandbox.serve("cowork")
    let asker = try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: Sandbox.client)
    let other = try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: Sandbox.client)
    try await untilThereAre(2, seenBy: cowork)
    let waiting = other.beginCall("wait_for_updates", ["timeout_seconds": 55])
    for round in 1...20 {
      let asked = try await ask(asker)
      let wait = asker.beginCall("wait_for_updates", ["timeout_seconds": 55])
      try await reply("\(round)", to: asked, from: cowork)
      #expect(contents(try await wait.content()) == ["\(round)"])
    }
    #expect(!waiting.hasArrived)
    // It goes on without the asker's server, and ends with its client.
    let asked = try await ask(asker, "the last")
    try await reply("left behind", to: asked, from: cowork)
    for seconds in [0, 1] as [JSON] {
      let seen = try await other.call("read_messages", ["wait_seconds": seconds])
      #expect(contents(seen) == [] && seen["elsewhere"] == 1)
    }
    _ = try await asker.kill()
    #expect(contents(try await waiting.content()) == ["left behind"])
  }

  @Test func aServerThatItsClientStartsAgainKeepsTheSession() async throws {
    let sandbox = try Sandbox()
    let cowork = try await sandbox.serve("cowork")
    let other = try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: Sandbox.client)
    let first = try await sandbox.serve("code", environment: Sandbox.ofClient)
    let asked = try await ask(first)
    _ = try await first.kill()
    try await reply("for the session", to: asked, from: cowork)
    #expect(try await other.call("read_messages")["elsewhere"] == 1)
    let second = try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: Self.launcher)
    #expect(contents(try await second.call("read_messages", ["wait_seconds": 30])) == ["for the session"])
  }

  /// A client that closes both of its ends, and itself ends a little later. Returns when its server has ended too.
  private static let closingClient = """
    import json, os, subprocess, sys, time
    held, holding = os.pipe()
    if os.fork() == 0:
        server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[holding])
        def ask(number, method, **params):
            server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\\n")
            server.stdin.flush()
        ask(1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "test", "version": "1"})
        while b"sessions\\\":1" not in server.stdout.readline(): ask(2, "tools/call", name="list_agents", arguments={})
        ask(3, "tools/call", name="wait_for_updates", arguments={"timeout_seconds": 55})
        server.stdout.close()
        server.stdin.close()
        time.sleep(0.1)
        os._exit(0)
    os.close(holding)
    os.read(held, 1)
    """

  @Test func theSessionOfAClientThatStopsReadingFirstEndsWithIt() async throws {
    let sandbox = try Sandbox()
    let outcome = try await sandbox.run(
      ["-c", Self.closingClient, Program.path, "code"], command: "python3", environment: Sandbox.ofClient)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try await sandbox.sqlite3("SELECT group_concat(has_ended) FROM sessions") == "1")
  }

  @Test func copiesUnderOneClientAreOneSession() async throws {
    let sandbox = try Sandbox()
    let cowork = try await sandbox.serve("cowork")
    var copies = [ChildServer]()
    for launcher in [[], Self.launcher, Self.launcher + Self.launcher] {
      copies.append(try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: launcher))
    }
    try await untilThereAre(1, seenBy: cowork)
    for reader in copies {
      let asked = try await ask(copies[0])
      try await reply("answer", to: asked, from: cowork)
      #expect(contents(try await reader.call("read_messages", ["wait_seconds": 30])) == ["answer"])
    }
    let task = try #require(
      try await cowork.call("create_task", ["to": "code", "title": "t", "description": ""])["task_id"]?.stringValue)
    _ = try await copies[0].call("update_task", ["task_id": .string(task), "status": "in_progress"])
    let other = try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: Sandbox.client)
    #expect(try await other.failure("update_task", ["task_id": .string(task), "status": "completed"]).contains("held by code@"))
    #expect(try await copies[1].call("update_task", ["task_id": .string(task), "status": "completed"])["status"] == "completed")
  }

  @Test func aCallThatWaitsForAReplyGetsThatOneAndHoldsUpNothing() async throws {
    let sandbox = try Sandbox()
    let (code, cowork) = (try await sandbox.serve("code"), try await sandbox.serve("cowork"))
    let question: JSONObject = ["to": "cowork", "content": "?", "wait_seconds": 55]
    let waiting = code.beginCall("send_message", question)
    let asked = try await cowork.call("read_messages", ["wait_seconds": 55])["messages"]?.arrayValue?.first?["id"]?.stringValue
    try await cowork.send(["something else"], to: "code")
    // Other requests of this client go on, and take nothing of it.
    #expect(contents(try await code.call("wait_for_updates")) == ["something else"])
    try await code.send(["meanwhile"], to: "cowork")
    try await reply("the answer", to: #require(asked), from: cowork)
    let answered = try await waiting.content()
    #expect(answered["reply"]?["content"] == "the answer" && answered["timed_out"] == nil)
    #expect(try await code.call("read_messages")["remaining"] == 0)
    let inTime = try await code.call("send_message", ["to": "cowork", "content": "?", "wait_seconds": 1])
    #expect(inTime["timed_out"] == true && inTime["reply"] == nil)
    // Of two that ask the same by one key, the second finds what the first has read, and the first what the second has.
    _ = try await cowork.readAll()
    let (first, second) = (try await sandbox.serve("code"), try await sandbox.serve("code"))
    let same: JSONObject = ["to": "cowork", "content": "same", "idempotency_key": "k", "wait_seconds": 3]
    let both = [first.beginCall("send_message", same), second.beginCall("send_message", same)]
    let one = try #require(try await cowork.call("read_messages", ["wait_seconds": 30])["messages"]?.arrayValue?.last?["id"]?.stringValue)
    try await reply("for both", to: one, from: cowork)
    for call in both { #expect(try await call.content()["reply"]?["content"] == "for both") }
    // What comes to a cancelled call is read as usual.
    let cancelled = code.beginCall("send_message", question)
    let last = try #require(
      try await cowork.call("read_messages", ["wait_seconds": 30])["messages"]?.arrayValue?.last?["id"]?.stringValue)
    code.notify("notifications/cancelled", ["requestId": .integer(cancelled.id)])
    try await reply("late", to: last, from: cowork)
    #expect(contents(try await code.call("wait_for_updates", ["timeout_seconds": 30])) == ["late"])
  }

  @Test func commandsActForTheSessionInWhichTheyRun() async throws {
    let sandbox = try Sandbox()
    let cowork = try await sandbox.serve("cowork")
    let elsewhere = try await sandbox.serve("code", environment: Sandbox.ofClient, launcher: Sandbox.client)
    try await reply("elsewhere", to: ask(elsewhere), from: cowork)
    #expect(try await sandbox.run("read", "--json").json["elsewhere"] == 1)
    #expect(try await sandbox.run("wait", "--timeout", "0").status == 3)
    #expect(try await sandbox.run("wait", "--timeout", "0", "--all-sessions").status == 0)
    #expect(try await sandbox.run("read", "--all-sessions").output.contains("elsewhere"))
    // The client of this server started the command as well.
    let here = try await sandbox.serve("code", environment: Sandbox.ofClient)
    try await reply("here", to: ask(here), from: cowork)
    #expect(try await sandbox.run("wait", "--timeout", "30").status == 0)
    #expect(try await sandbox.run("read", "--wait", "30").output.contains("here"))
    let status = try await sandbox.run("status").output
    #expect(status.contains("code has 2 sessions: \(ProcessIdentity.hostName):"))
  }
}
