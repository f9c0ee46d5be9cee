import Foundation
import JSON
import MCPClient
import ProcessTesting

/// The real program, serving one agent as a child process, and the client that talks to it.
final class ServerChild: Sendable {
  private let sandbox: Sandbox
  private let server: ChildServer

  /// Starts `serve IDENTITY` and opens the session.
  static func start(_ identity: String, url: String, logLevel: String = "debug") async throws -> ServerChild {
    let sandbox = try Sandbox()
    // By the environment, as the README advises: arguments are shown by `ps`.
    let server = try await sandbox.serve(
      "serve", identity, "--log-level", logLevel, environment: ["COWORK_DATABASE_URL": url], patience: .seconds(120))
    return ServerChild(sandbox, server)
  }

  private init(_ sandbox: Sandbox, _ server: ChildServer) {
    self.sandbox = sandbox
    self.server = server
  }

  #if os(Linux)
    func longestSleep(during duration: Duration) async throws -> Duration {
      try await ProcessTesting.longestSleep(of: server.pid, during: duration)
    }
  #endif

  /// What a tool returned; throws when the process has ended instead.
  func call(_ tool: String, _ arguments: JSONObject = [:]) async throws -> ToolResult {
    ToolResult(json: try await server.request("tools/call", ["name": .string(tool), "arguments": .object(arguments)]))
  }

  /// Sends messages without waiting for replies in between, and returns the results.
  func sendAtOnce(_ contents: [String], to recipient: String) async throws -> [ToolResult] {
    let calls = contents.map { server.beginCall("send_message", ["to": .string(recipient), "content": .string($0)]) }
    var results = [ToolResult]()
    for call in calls { results.append(ToolResult(json: try await call.arrival().message["result"] ?? .null)) }
    return results
  }

  /// Standard error so far.
  var errors: String { sandbox.log(of: server) }
  /// Everything so far.
  var everything: String {
    errors + server.messages.map { String(decoding: $0.encoded(), as: UTF8.self) }.joined() + server.garbage.joined()
  }

  /// SIGKILL.
  func kill() async throws { try await server.kill() }

  /// Closes its input, as a client does, and waits until it is gone.
  func stop() async throws {
    server.closeInput()
    _ = try await server.status()
  }

  var isRunning: Bool { Foundation.kill(server.pid, 0) == 0 }
}

/// The result of a tool call.
struct ToolResult: Sendable {
  let json: JSON

  var isError: Bool { json["isError"]?.boolValue == true }
  var content: JSON { json["structuredContent"] ?? .null }
  /// The text block: for an error, its sentence.
  var text: String { json["content"]?.arrayValue?.first?["text"]?.stringValue ?? "" }

  /// The contents of the messages that came with it.
  var messages: [String] { (content["messages"]?.arrayValue ?? []).compactMap { $0["content"]?.stringValue } }
}
