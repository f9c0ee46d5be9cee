import Bridge
import JSON
import MCP
import Testing

@Suite struct ResourceTests {
  let home: TemporaryStore
  let code: Connection
  let cowork: Connection

  init() async throws {
    home = try TemporaryStore()
    code = try await .open(home)
    cowork = try await .open(home, as: "cowork")
  }

  @Test func theListsNameWhatThereIs() async throws {
    let resources = try await code.result("resources/list")["resources"]?.arrayValue
    #expect(resources?.map { $0["uri"] } == ["bridge://inbox", "bridge://tasks", "bridge://agents"])
    let templates = try await code.result("resources/templates/list")["resourceTemplates"]?.arrayValue
    #expect(templates?.map { $0["uriTemplate"] } == ["bridge://messages/{id}", "bridge://tasks/{id}"])
  }

  @Test func readingTheInboxMarksNothing() async throws {
    let message = try await code.send("x", to: "cowork")
    for _ in 1...2 { #expect(contents(try await read("bridge://inbox")) == ["x"]) }
    #expect(try await read("bridge://messages/\(message)")["read"] == false)
    #expect(contents(try await cowork.succeed("read_messages")) == ["x"])
    #expect(contents(try await read("bridge://inbox")) == [])
  }

  @Test func tasksAndAgentsAreShownAndMarkNothing() async throws {
    let task = try await code.createTask("T", for: "cowork")
    #expect(try await read("bridge://tasks")["tasks"]?.arrayValue?.map { $0["title"] } == ["T"])
    #expect(try await read("bridge://tasks/\(task)")["history"]?.arrayValue?.count == 1)
    let agents = try await read("bridge://agents")
    #expect(agents["self"] == "cowork")
    #expect(agents["agents"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["code", "cowork"])
    #expect(try await cowork.succeed("wait_for_updates", ["timeout_seconds": 0])["tasks"]?.arrayValue?.count == 1)
  }

  @Test(arguments: ["bridge://nothing", "bridge://messages/none", "bridge://tasks/none", "bridge://messages/", "file:///etc/passwd", ""])
  func whatIsNotThereIsAnErrorOfTheProtocol(_ uri: String) async throws {
    let error = try await cowork.request("resources/read", ["uri": .string(uri)])["error"]
    #expect(error?["code"] == -32002)
  }

  @Test func idsMayBeShortenedUnlessSeveralBeginSo() async throws {
    let (message, task) = (try await code.send("x", to: "cowork"), try await code.createTask("T", for: "cowork"))
    #expect(try await read("bridge://messages/\(message.prefix(8))")["id"]?.stringValue == message)
    #expect(try await read("bridge://tasks/\(task.prefix(8))")["tasks"]?.arrayValue?.first?["id"]?.stringValue == task)
    for number in 1...2 {
      _ = try await home.store.send(NewMessage(id: "abcdef12-\(number)", sender: .code, recipient: .cowork, content: "x"))
    }
    let error = try await cowork.request("resources/read", ["uri": "bridge://messages/abcdef12"])["error"]
    #expect(error?["code"] == -32602)
    #expect(error?["message"]?.stringValue?.contains("“abcdef12-1” (“code, ") == true)
  }

  @Test func otherAgentsMailCannotBeRead() async throws {
    let message = try await code.send("private", to: "cowork")
    let third = try await Connection.open(home, as: "third")
    let reply = try await third.request("resources/read", ["uri": .string("bridge://messages/\(message)")])
    #expect(reply["error"]?["code"] == -32002)
    await third.end()
  }

  @Test func subscribersAreToldOfAChange() async throws {
    _ = try await cowork.result("resources/subscribe", ["uri": "bridge://inbox"])
    try await code.send("x", to: "cowork")
    let message = try await cowork.client.notification()
    #expect(message["method"] == "notifications/resources/updated")
    #expect(message["params"]?["uri"] == "bridge://inbox")
  }

  @Test func theTasksBeginWithWhatIsOpenAndSubscribersHearOfIt() async throws {
    for number in 1...4 {
      let id = try await code.createTask("\(number)", for: "cowork")
      try await cowork.succeed(
        "update_task", ["task_id": .string(id), "status": "completed", "result": .string(String(repeating: "x", count: 12_000))])
    }
    func titles() async throws -> [JSON?]? { try await read("bridge://tasks")["tasks"]?.arrayValue?.map { $0["title"] } }
    #expect(try await titles() == ["4", "3"])
    _ = try await cowork.result("resources/subscribe", ["uri": "bridge://tasks"])
    _ = try await code.createTask("new", for: "cowork")
    let message = try await cowork.client.notification { $0["method"] == "notifications/resources/updated" }
    #expect(message["params"]?["uri"] == "bridge://tasks")
    #expect(try await titles() == ["new", "4", "3"])
  }

  private func read(_ uri: String) async throws -> JSON {
    let contents = try await cowork.result("resources/read", ["uri": .string(uri)])["contents"]?.arrayValue
    #expect(contents?.first?["uri"]?.stringValue == uri)
    #expect(contents?.first?["mimeType"] == "application/json")
    return try JSON(decoding: #require(contents?.first?["text"]?.stringValue))
  }
}
