import Foundation
import JSON
import ProcessTesting
import Testing

/// `--json` prints what the tools return.
@Suite struct ToolEqualityTests {
  @Test func jsonIsWhatTheToolsReturn() async throws {
    let sandbox = try Sandbox()
    let task = try await sandbox.run("tasks", "create", "cowork", "Review", "all", "--json").json.text("task_id")
    _ = try await sandbox.run("send", "cowork", "\u{1B}[1m one \"two\" \u{2028} 🙂")
    _ = try await sandbox.run("tasks", "update", task, "in_progress", "--as", "cowork")
    let server = try await sandbox.serve("cowork")
    let pairs: [(command: [String], tool: String, arguments: JSONObject)] = [
      (["read", "--peek"], "read_messages", ["mark_read": false]),
      (["tasks", "list", "--peek"], "get_tasks", [:]),
      (["tasks", "show", task, "--peek"], "get_tasks", ["task_id": .string(task)]),
      (["history", "two"], "search_history", ["query": "two"]),
      (
        ["tasks", "update", task, "completed", "--result", "r"], "update_task",
        ["task_id": .string(task), "status": "completed", "result": "r"]
      ),
    ]
    for pair in pairs {
      let printed = try await sandbox.run(pair.command + ["--as", "cowork", "--json"]).json
      #expect(try await server.call(pair.tool, pair.arguments) == printed, "\(pair.command)")
    }
    // The last heartbeat differs between calls.
    let agents = try await server.call("list_agents")
    let printed = try await sandbox.run("agents", "--as", "cowork", "--json").json
    func withoutTime(_ list: JSON) throws -> [JSONObject] {
      try list.list("agents").map { agent in
        var agent = try #require(agent.objectValue)
        agent["last_seen"] = .null
        return agent
      }
    }
    #expect(try withoutTime(agents) == withoutTime(printed))
    #expect(try withoutTime(printed).map { $0["online"] } == [false, true])
    #expect(printed["self"] == "cowork")
    #expect(await server.end() == .exited(0))
  }
}
