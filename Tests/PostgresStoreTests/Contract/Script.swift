import Bridge
import BridgeServer
import BridgeTesting
import JSON
import Logging
import MCP
import MCPClient
import PostgresClient
import SystemSupport

/// Two agents' servers in this process, each with its own store, and their answers so far.
final class ScriptedPair {
  private var agents: [String: Agent] = [:]
  private(set) var transcript: [String] = []
  private var names: [String: String] = [:]

  private struct Agent {
    let client: Client
    let running: Task<Void, Never>
  }

  init(_ stores: [String: any BridgeStore]) async throws {
    for (name, store) in stores {
      let (toServer, toClient) = (try FileDescriptor.makePipe(), try FileDescriptor.makePipe())
      let transport = try DescriptorTransport(input: toServer.reading, output: toClient.writing)
      let client = try Client(
        input: toServer.writing, output: toClient.reading, settings: Client.Settings(name: "script", patience: .seconds(120)))
      let service = BridgeService(store: store, identity: try Identity(name), logger: .silent)
      // During a call it would come at an unpredictable time.
      await service.clientIs("script 1")
      let server = BridgeServer(service: service, version: "1", logger: .silent)
      agents[name] = Agent(client: client, running: Task { _ = await server.run(on: transport) })
      try await client.connect()
    }
  }

  /// Calls a tool, and records the result.
  @discardableResult
  func call(_ agent: String, _ tool: String, _ arguments: JSON = [:]) async -> JSON {
    let answer = try? await agents[agent]?.client.beginCall(tool, arguments.objectValue ?? [:]).arrival().message
    let result = answer?["result"] ?? answer?["error"] ?? .null
    let shown = result["structuredContent"] ?? result["content"]?.arrayValue?.first?["text"] ?? result
    let kind = result["isError"]?.boolValue == true ? "error" : "result"
    transcript.append("\(agent) \(tool) \(normalised(arguments)) -> \(kind) \(normalised(shown))")
    return result["structuredContent"] ?? .null
  }

  func end() async {
    for agent in agents.values {
      agent.client.closeInput()
      await agent.running.value
    }
  }

  /// Replaces ids by the order of their first appearance, and times and processes by a word.
  private func normalised(_ json: JSON) -> String {
    var text = String(decoding: json.encoded(), as: UTF8.self)
    text = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "TIME")
    text = text.replacing(/(code|cowork|reviewer)@[^"\\ ]+?-[0-9a-f]{8}/) { "\($0.output.1)@PROCESS" }
    return text.replacing(/[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/) { match in
      let id = String(match.output)
      let name = names[id] ?? "ID-\(names.count + 1)"
      names[id] = name
      return name
    }
  }
}
