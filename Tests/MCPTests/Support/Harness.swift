import JSON
import Logging
import Synchronization
import Testing

@testable import MCP

let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A server that runs, and its client. `initialize` first, or use the requests of the per-request era.
struct Harness: Sendable {
  let client: MemoryClient
  let transport: MemoryTransport
  let server: Server
  private let running: Task<ServerEnd, Never>

  init(
    _ definition: ServerDefinition = .sample, policy: ProtocolPolicy = .auto, limits: ServerLimits = ServerLimits()
  ) {
    let (client, transport) = MemoryTransport.pair()
    let server = Server(definition, policy: policy, limits: limits, logger: silent)
    self.client = client
    self.transport = transport
    self.server = server
    running = Task { await server.run(on: transport) }
  }

  func initialize(_ revision: Revision = .november2025, name: String = "test") async -> JSON? {
    client.send(
      request(
        "init", "initialize",
        ["protocolVersion": .string(revision.date), "capabilities": [:], "clientInfo": ["name": .string(name), "version": "1"]]))
    return await client.nextMessage()
  }

  /// Sends a request and returns the next line, which must be its answer.
  func ask(_ id: JSON, _ method: String, _ params: JSON = [:]) async -> JSON? {
    client.send(request(id, method, params))
    return await client.nextMessage()
  }

  func cancel(_ id: JSON) {
    client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": id]])
  }

  /// Ends the input and returns everything that the server still says.
  func end() async -> [JSON] {
    client.finish()
    var messages: [JSON] = []
    while let message = await client.nextMessage() { messages.append(message) }
    _ = await running.value
    return messages
  }

  var ended: ServerEnd {
    get async { await running.value }
  }
}

func request(_ id: JSON, _ method: String, _ params: JSON = [:]) -> JSON {
  ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": params]
}

func call(_ id: JSON, _ tool: String, _ arguments: JSON = [:], token: JSON? = nil) -> JSON {
  var params: JSONObject = ["name": .string(tool), "arguments": arguments]
  if let token { params["_meta"] = .object(["progressToken": token]) }
  return request(id, "tools/call", .object(params))
}

/// The `_meta` of the per-request era, merged into params.
func perRequest(_ params: JSONObject = [:], client: String? = "test", version: JSON? = "2026-07-28", capabilities: JSON? = [:]) -> JSON {
  var meta: JSONObject = [:]
  meta["io.modelcontextprotocol/protocolVersion"] = version
  meta["io.modelcontextprotocol/clientCapabilities"] = capabilities
  if let client { meta["io.modelcontextprotocol/clientInfo"] = ["name": .string(client), "version": "1"] }
  var params = params
  params["_meta"] = .object(meta)
  return .object(params)
}

/// Something that happens once, and can be waited for.
final class Event: Sendable {
  private struct State {
    var count = 0
    var waiters: [(Int, CheckedContinuation<Void, Never>)] = []
  }
  private let state = Mutex(State())

  func happen() {
    let free = state.withLock { state in
      state.count += 1
      let count = state.count
      defer { state.waiters.removeAll { $0.0 <= count } }
      return state.waiters.filter { $0.0 <= count }
    }
    for waiter in free { waiter.1.resume() }
  }

  func happened(times: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.count >= times { return true }
        state.waiters.append((times, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  var count: Int { state.withLock { $0.count } }
}

/// What happened, in order.
final class Journal: Sendable {
  private let entries = Mutex<[String]>([])
  func note(_ entry: String) { entries.withLock { $0.append(entry) } }
  var all: [String] { entries.withLock { $0 } }
}

struct Text: StructuredOutput, Equatable {
  let text: String
  static let schema = ObjectSchema<Self> { Field("text", .string, \.text) }
}

extension ServerDefinition {
  static var sample: ServerDefinition { sample([]) }

  static func sample(_ more: [Tool], changed: (@Sendable (Set<String>) async -> Void)? = nil) -> ServerDefinition {
    let text = Parameter.string("text", "What.")
    let echo = Tool(
      "echo", title: "Echo", description: "Says it.", annotations: ["readOnlyHint": true], meta: ["m": 1], parameters: text,
      returns: Text.self
    ) {
      ToolReply(Text(text: $1))
    }
    let to = Parameter.string("to", title: "To", "Who.") { beginning, known in
      beginning == "many" ? (0..<150).map { "\($0)" } : [beginning + "1", known["what"] ?? "none"]
    }
    var definition = ServerDefinition(name: "sample", version: "1")
    definition.title = "Sample"
    definition.description = "A sample."
    definition.instructions = "Do."
    definition.tools = [echo] + more
    definition.resources = [
      Resource("test://one", name: "one", title: "One", mimeType: "text/plain") { _ in "1" },
      Resource("test://broken", name: "broken") { _ in throw TransportClosed() },
      Resource("test://items/{id}", name: "item", complete: { beginning, _ in [beginning + "x"] }, read: { $0 == "gone" ? nil : $0 }),
    ]
    definition.prompts = [
      Prompt("ask", title: "Ask", arguments: to, Parameter.string("what", "Which.").optional()) { to, what in
        "test asks \(to) \(what ?? "nothing")"
      }
    ]
    definition.experimental = ["x/y": [:]]
    definition.subscriptionsChanged = changed
    return definition
  }
}
