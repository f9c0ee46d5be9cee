import JSON
import MCP
import Testing

/// What a client loads before its first call.
@Suite struct ListTests {
  static let handshakes = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]

  @Test(arguments: handshakes + ["2026-07-28"])
  func theListOfToolsIsAtMost10000Bytes(_ revision: String) async throws {
    let size = try await list(revision).encoded().count
    print("tools/list in \(revision): \(size) bytes")
    #expect(size <= 10_000)
  }

  @Test(arguments: handshakes + ["2026-07-28"])
  func everyToolDeclaresItsDocumentedParameters(_ revision: String) async throws {
    let tools = try #require(try await list(revision)["result"]?["tools"]?.arrayValue)
    #expect(tools.map { $0["name"]?.stringValue } == ToolParameters.all.map(\.name))
    for (tool, expected) in zip(tools, ToolParameters.all) {
      let properties = Set(tool["inputSchema"]?["properties"]?.objectValue?.keys ?? [])
      #expect(properties == Set(expected.parameters.map(\.name)), "\(expected.name)")
      let required = Set(tool["inputSchema"]?["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
      #expect(required == Set(expected.parameters.filter(\.isRequired).map(\.name)), "\(expected.name)")
      let description = try #require(tool["description"]?.stringValue)
      #expect((40..<2000).contains(description.count))
      let meta: JSON? = ["send_message", "read_messages"].contains(expected.name) ? ["anthropic/alwaysLoad": true] : nil
      #expect(tool["_meta"] == (revision < "2025-06-18" ? nil : meta), "\(expected.name)")
    }
  }

  @Test func everyToolHasItsHintsAndOutputs() async throws {
    let outputs = [
      "send_message": [
        "origin", "message_id", "to", "created_at", "recipient_online", "duplicate", "sent", "reply", "timed_out", "unread",
      ],
      "read_messages": ["origin", "messages", "remaining", "elsewhere", "set_aside"],
      "create_task": ["task_id", "status", "created_at", "recipient_online", "unread"],
      "get_tasks": ["origin", "tasks", "remaining", "next", "history", "unread"],
      "update_task": [
        "origin", "id", "title", "description", "sender", "recipient", "status", "result", "created_at", "updated_at", "holder", "stale",
        "truncated", "size",
        "unread",
      ], "wait_for_updates": ["origin", "messages", "tasks", "timed_out"],
      "list_agents": ["origin", "self", "agents", "remaining", "unread"],
      "search_history": ["origin", "messages", "more", "partial", "unread"],
    ]
    for tool in try #require(try await list("2025-11-25")["result"]?["tools"]?.arrayValue) {
      let name = try #require(tool["name"]?.stringValue)
      #expect(tool["annotations"]?["readOnlyHint"]?.boolValue == ["list_agents", "search_history"].contains(name), "\(name)")
      #expect(tool["annotations"]?["destructiveHint"] == false && tool["annotations"]?["openWorldHint"] == false, "\(name)")
      #expect(tool["outputSchema"]?["properties"]?.objectValue?.keys == outputs[name], "\(name)")
    }
  }

  @Test func theInstructionsAreUnder2000CharactersForTheLongestName() async throws {
    let longest = String(repeating: "a", count: 63)
    let server = try Connection(TemporaryStore(), as: longest)
    let instructions = try #require(try await server.initialize("2025-11-25")["instructions"]?.stringValue)
    #expect(instructions.utf16.count < 2000)
    #expect(instructions.contains(longest))
    #expect(ToolParameters.all.filter { instructions.contains($0.name) }.count >= 6)
  }

  private func list(_ revision: String) async throws -> JSON {
    let home = try TemporaryStore()
    guard revision == "2026-07-28" else { return try await Connection.open(home, revision: revision).request("tools/list") }
    let meta: JSON = [
      "io.modelcontextprotocol/protocolVersion": .string(revision), "io.modelcontextprotocol/clientCapabilities": [:],
    ]
    return try await Connection(home).request("tools/list", ["_meta": meta])
  }
}
