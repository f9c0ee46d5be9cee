import JSON
import MCPClient
import ProcessTesting
import Testing

extension Sandbox {
  /// Starts a server as Claude Code does, and opens the session.
  func claudeCode(
    _ arguments: [String] = ["code"], as name: String = "claude-code", environment: [String: String] = [:]
  ) async throws -> ChildServer {
    let server = try startServer(arguments, as: name, environment: environment, patience: .seconds(20))
    try await server.connect()
    return server
  }

  /// Sends a message by another process, and returns its id.
  func send(_ content: String, from sender: String = "cowork", to recipient: String = "code") async throws -> String {
    let outcome = try await run("send", recipient, content, "--as", sender, "--json")
    return try #require(outcome.json["message_id"]?.stringValue, "\(outcome)")
  }

  /// Calls one of Claude Code's hooks.
  func hook(
    _ event: String, session: String? = "s1", extra: JSONObject = [:], options: [String] = [], environment: [String: String] = [:]
  ) async throws -> Outcome {
    var input = extra
    if let session { input["session_id"] = .string(session) }
    let text = String(decoding: JSON.object(input).encoded(), as: UTF8.self)
    return try await run(["hook", event] + options, input: text, environment: environment)
  }
}

/// Tests that start processes, one after the other: they also tell how soon something comes.
@Suite(.serialized) enum RealProcesses {}
