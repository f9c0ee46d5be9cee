import BridgeTesting
import JSON
import MCPClient
import PostgresTesting
import ProcessTesting
import Testing

/// Sessions of one agent on two hosts, for which stand namespaces of processes: neither sees those of the other.
@Suite("Two hosts share an agent's name over Postgres", .timeLimit(.minutes(10)))
struct HostTests {
  private static let otherHost = ["unshare", "--pid", "--fork", "--mount-proc"] + Sandbox.client

  @Test func theSessionThatAskedGetsTheAnswerAndTheOtherOnceItHasEnded() async throws {
    let database = try await Servers.database()
    let sandbox = try Sandbox()
    func serve(_ name: String, by launcher: [String]) async throws -> ChildServer {
      try await sandbox.serve(
        name, environment: ["COWORK_DATABASE_URL": database.url, "COWORK_SESSION": ""], launcher: launcher, patience: .seconds(120))
    }
    let cowork = try await serve("cowork", by: Sandbox.client)
    let (here, there) = (try await serve("code", by: Sandbox.client), try await serve("code", by: Self.otherHost))
    func ask(_ asker: ChildServer) async throws -> String {
      try #require(try await asker.call("send_message", ["to": "cowork", "content": "?"])["message_id"]?.stringValue)
    }
    func reply(_ content: String, to asked: String) async throws {
      _ = try await cowork.call("send_message", ["to": "code", "content": .string(content), "reply_to": .string(asked)])
    }
    func contents(_ result: JSON) -> [String?] { result["messages"]?.arrayValue?.map { $0["content"]?.stringValue } ?? [] }
    for (asker, other) in [(here, there), (there, here)] {
      for round in 1...20 {
        let asked = try await ask(asker)
        let wait = asker.beginCall("wait_for_updates", ["timeout_seconds": 55])
        try await reply("\(round)", to: asked)
        #expect(contents(try await wait.content()) == ["\(round)"])
        let seen = try await other.call("read_messages")
        #expect(contents(seen) == [])
      }
    }
    let asked = try await ask(here)
    let wait = there.beginCall("wait_for_updates", ["timeout_seconds": 55])
    try await reply("left behind", to: asked)
    #expect(try await cowork.call("list_agents")["agents"]?.arrayValue?.first?["unread_messages"] == 1)
    // Its server signs the session off when the client is gone.
    _ = try await here.kill()
    #expect(contents(try await wait.content()) == ["left behind"])
  }
}
