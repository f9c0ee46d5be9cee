import JSON
import MCP
import Testing

@Suite struct WaitingTests {
  let home: TemporaryStore
  let code: Connection
  let cowork: Connection

  init() async throws {
    home = try TemporaryStore()
    code = try await .open(home)
    cowork = try await .open(home, as: "cowork")
  }

  @Test func aWaitingCallReturnsWithTheMessageThatWasSentMeanwhile() async throws {
    let id = cowork.send("tools/call", ["name": "wait_for_updates", "arguments": ["timeout_seconds": 55]])
    try await code.send("wake up", to: "cowork")
    let updates = try #require(try await cowork.reply(to: id)["result"]?["structuredContent"])
    #expect(contents(updates) == ["wake up"] && updates["timed_out"] == false)
    #expect(contents(try await cowork.succeed("read_messages")) == [])
  }

  @Test func readMessagesWaitsToo() async throws {
    let id = cowork.send("tools/call", ["name": "read_messages", "arguments": ["wait_seconds": 55, "from": "code"]])
    try await code.send("wake up", to: "cowork")
    #expect(contents(try #require(try await cowork.reply(to: id)["result"]?["structuredContent"])) == ["wake up"])
  }

  @Test func aReplyThatWasReadComesAgainToARepeatedQuestionAndSaysSo() async throws {
    let question: JSON = ["to": "cowork", "content": "?", "wait_seconds": 55, "idempotency_key": "k"]
    let id = code.send("tools/call", ["name": "send_message", "arguments": question])
    let asked = try await cowork.succeed("read_messages", ["wait_seconds": 55])["messages"]?.arrayValue?.first?["id"]
    try await cowork.succeed("send_message", ["to": "code", "content": "!", "reply_to": asked ?? .null])
    let first = try await code.reply(to: id)["result"]?["structuredContent"]
    #expect(first?["reply"]?["content"] == "!" && first?["reply"]?["redelivered"] == false)
    let second = try await code.succeed("send_message", question)
    #expect(second["duplicate"] == true && second["reply"]?["content"] == "!" && second["reply"]?["redelivered"] == true)
  }

  @Test func aWaitWithoutNewsTimesOut() async throws {
    for seconds in [0, 1] as [JSON] {
      let updates = try await cowork.succeed("wait_for_updates", ["timeout_seconds": seconds])
      #expect(updates["timed_out"] == true && contents(updates) == [] && updates["tasks"] == [])
    }
  }

  @Test func theAssigneeLearnsOfANewTaskAndTheCreatorOfEachChangeOnce() async throws {
    let id = try await code.createTask(for: "cowork")
    let news = try await cowork.succeed("wait_for_updates")["tasks"]?.arrayValue
    #expect(news?.map { $0["id"]?.stringValue } == [id])
    for status in ["in_progress", "completed"] as [JSON] {
      let waiting = code.send("tools/call", ["name": "wait_for_updates", "arguments": ["timeout_seconds": 55]])
      try await cowork.succeed("update_task", ["task_id": .string(id), "status": status])
      let change = try await code.reply(to: waiting)["result"]?["structuredContent"]?["tasks"]?.arrayValue
      #expect(change?.map { $0["status"] } == [status])
    }
    #expect(try await code.succeed("wait_for_updates", ["timeout_seconds": 0])["timed_out"] == true)
    #expect(try await cowork.succeed("wait_for_updates", ["timeout_seconds": 0])["timed_out"] == true)
  }

  @Test func theAssigneeLearnsThatItsTaskWasEnded() async throws {
    let id = try await code.createTask(for: "cowork")
    try await cowork.succeed("wait_for_updates")
    try await code.succeed("update_task", ["task_id": .string(id), "status": "failed"])
    let news = try await cowork.succeed("wait_for_updates")["tasks"]?.arrayValue
    #expect(news?.first?["status"] == "failed")
  }

  @Test func otherResultsSayWhatIsUnreadAndOnlyThen() async throws {
    #expect(try await cowork.succeed("list_agents")["unread"] == nil)
    try await code.send("x", to: "cowork")
    try await code.send("y", to: "cowork")
    let task = try await code.createTask(for: "cowork")
    let unread: JSON = ["messages": 2, "tasks": 1]
    #expect(try await cowork.succeed("list_agents")["unread"] == unread)
    #expect(try await cowork.succeed("search_history")["unread"] == unread)
    #expect(try await cowork.succeed("send_message", ["to": "code", "content": "z"])["unread"] == unread)
    #expect(try await cowork.succeed("create_task", ["to": "code", "title": "t", "description": ""])["unread"] == unread)
    #expect(try await cowork.succeed("update_task", ["task_id": .string(task), "status": "in_progress"])["unread"]?["messages"] == 2)
    try await cowork.succeed("read_messages")
    try await cowork.succeed("get_tasks")
    #expect(try await cowork.succeed("list_agents")["unread"] == nil)
  }

  @Test func aCancelledWaitIsSilentAndTakesNothing() async throws {
    let id = cowork.send("tools/call", ["name": "wait_for_updates", "arguments": ["timeout_seconds": 55]])
    cowork.client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": .integer(id)]])
    _ = try await cowork.result("ping")
    try await code.send("x", to: "cowork")
    let read = try await cowork.succeed("read_messages", ["wait_seconds": 10])
    #expect(contents(read) == ["x"])
    #expect(read["messages"]?.arrayValue?.first?["redelivered"] == false)
  }

  @Test func aWaitDoesNotHoldUpOtherCalls() async throws {
    let id = cowork.send("tools/call", ["name": "wait_for_updates", "arguments": ["timeout_seconds": 55]])
    #expect(try await cowork.succeed("list_agents")["self"] == "cowork")
    try await cowork.send("to code", to: "code")
    #expect(contents(try await code.succeed("read_messages")) == ["to code"])
    try await code.send("back", to: "cowork")
    #expect(contents(try #require(try await cowork.reply(to: id)["result"]?["structuredContent"])) == ["back"])
  }
}
