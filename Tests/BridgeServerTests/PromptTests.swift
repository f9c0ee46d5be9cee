import JSON
import MCP
import Testing

@Suite struct PromptTests {
  let home: TemporaryStore
  let code: Connection

  init() async throws {
    home = try TemporaryStore()
    code = try await .open(home)
  }

  @Test func theListNamesThePromptsAndTheirArguments() async throws {
    let prompts = try #require(try await code.result("prompts/list")["prompts"]?.arrayValue)
    #expect(prompts.map { $0["name"] } == ["check_inbox", "delegate", "hand_off", "status"])
    #expect(prompts[1]["arguments"]?.arrayValue?.map { $0["required"] } == [true, true])
  }

  @Test func argumentsStandInThePromptsText() async throws {
    #expect(try await text("check_inbox", [:]).contains("call read_messages, again"))
    #expect(try await text("check_inbox", ["from": "cowork"]).contains(#"with from set to "cowork""#))
    #expect(try await text("delegate", ["to": "cowork", "what": "the tests"]).contains(#"to the agent "cowork": the tests"#))
    #expect(try await text("hand_off", ["to": "cowork", "note": "mind the gap"]).contains("mind the gap"))
    #expect(try await text("status", ["task_id": "abc"]).contains(#"task_id "abc""#))
    #expect(try await text("status", [:]).contains("list_agents"))
  }

  @Test(
    arguments: [
      ["name": "delegate", "arguments": ["to": "cowork"]], ["name": "delegate", "arguments": ["to": 5, "what": "x"]], ["name": "nothing"],
      ["name": "hand_off"],
    ] as [JSON])
  func wrongArgumentsAreErrorsOfTheProtocol(_ params: JSON) async throws {
    #expect(try await code.request("prompts/get", params)["error"]?["code"] == -32602)
  }

  @Test func agentsAndTasksAreCompleted() async throws {
    let ended = try await code.createTask(for: "code")
    try await code.succeed("update_task", ["task_id": .string(ended), "status": "failed"])
    let task = try await code.createTask(for: "cowork")
    #expect(try await complete(["type": "ref/prompt", "name": "delegate"], "to", "co") == ["cowork"])
    #expect(try await complete(["type": "ref/prompt", "name": "delegate"], "to", "z") == [])
    #expect(try await complete(["type": "ref/prompt", "name": "status"], "task_id", String(task.prefix(8))) == [.string(task)])
    #expect(try await complete(["type": "ref/resource", "uri": "bridge://tasks/{id}"], "id", "") == [.string(task), .string(ended)])
  }

  private func complete(_ ref: JSON, _ name: JSON, _ value: String) async throws -> [JSON]? {
    let params: JSON = ["ref": ref, "argument": ["name": name, "value": .string(value)]]
    return try await code.result("completion/complete", params)["completion"]?["values"]?.arrayValue
  }

  private func text(_ name: String, _ arguments: JSON) async throws -> String {
    let messages = try await code.result("prompts/get", ["name": .string(name), "arguments": arguments])["messages"]?.arrayValue
    #expect(messages?.count == 1 && messages?.first?["role"] == "user")
    return try #require(messages?.first?["content"]?["text"]?.stringValue)
  }
}
