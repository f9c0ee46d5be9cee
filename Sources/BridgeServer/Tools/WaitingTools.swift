import Bridge
import MCP
import SystemSupport

extension BridgeTools {
  var waitForUpdates: Tool {
    Tool(
      "wait_for_updates", title: "Wait for updates",
      description: """
        Waits for a message or task of another agent (not the user), or a change of a delegated task, and returns it at once; messages \
        are marked read.
        """,
      annotations: ["readOnlyHint": false, "destructiveHint": false, "openWorldHint": false],
      parameters: Parameter.integer("timeout_seconds", "The longest wait.", in: Limits.waitSeconds, default: 25),
      returns: Marked<UpdatesOutput>.self
    ) { call, seconds in
      try await answer(call) {
        let delivery = try await reportingProgress(call, seconds) { try await service.waitForUpdates(timeoutSeconds: seconds) }
        return reply(Marked(UpdatesOutput(delivery), for: service.identity), lease: delivery.lease)
      }
    }
  }

  var listAgents: Tool {
    Tool(
      "list_agents", title: "List agents",
      description: "Lists agents: who is online, what waits for each.",
      annotations: ["readOnlyHint": true, "destructiveHint": false, "openWorldHint": false],
      returns: WithUnread<Marked<AgentsOutput>>.self
    ) { call in
      try await answerWithUnread(call) {
        ToolReply(Marked(AgentsOutput(try await service.agents(), for: service.identity), for: service.identity))
      }
    }
  }

  /// Reports every 5 s how long a call has been waiting.
  func reportingProgress<Value: Sendable>(
    _ call: ToolCall, _ seconds: Int, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    guard seconds > 5 else { return try await body() }
    let ticker = Task(executorPreference: service.executor) {
      for elapsed in stride(from: 5, to: seconds, by: 5) {
        guard (try? await Task.pause(for: .seconds(5))) != nil else { return }
        await call.progress(Double(elapsed), total: Double(seconds), message: "waiting")
      }
    }
    defer { ticker.cancel() }
    return try await body()
  }
}
