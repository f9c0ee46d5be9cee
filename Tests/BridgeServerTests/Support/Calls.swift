import Foundation
import JSON
import MCP
import Testing

extension Connection {
  /// A tool call's result, whether it succeeded or not.
  func call(_ tool: String, _ arguments: JSON = [:]) async throws -> JSON {
    try await result("tools/call", ["name": .string(tool), "arguments": arguments])
  }

  /// The structured content of a call that must succeed; the text block must hold the same, and both what the tool declares.
  @discardableResult
  func succeed(_ tool: String, _ arguments: JSON = [:]) async throws -> JSON {
    let result = try await call(tool, arguments)
    #expect(result["isError"] != true, "\(tool): \(result)")
    let content = try #require(result["structuredContent"], "\(tool): \(result)")
    #expect(try JSON(decoding: text(of: result)) == content, "the text block differs from the structured content")
    expectMatch(content, try await outputSchema(of: tool), tool)
    return content
  }

  /// The sentence of a call that must fail.
  @discardableResult
  func fail(_ tool: String, _ arguments: JSON = [:]) async throws -> String {
    let result = try await call(tool, arguments)
    #expect(result["isError"] == true, "\(tool) succeeded: \(result)")
    #expect(result["structuredContent"] == nil)
    return try text(of: result)
  }

  /// Sends a message and returns its id.
  @discardableResult
  func send(_ content: String, to recipient: String) async throws -> String {
    try #require(try await succeed("send_message", ["to": .string(recipient), "content": .string(content)])["message_id"]?.stringValue)
  }

  /// Creates a task and returns its id.
  func createTask(_ title: String = "A task", _ description: String = "Do it.", for recipient: String) async throws -> String {
    let arguments: JSON = ["to": .string(recipient), "title": .string(title), "description": .string(description)]
    return try #require(try await succeed("create_task", arguments)["task_id"]?.stringValue)
  }

  private func outputSchema(of tool: String) async throws -> JSON {
    let tools = try #require(try await result("tools/list")["tools"]?.arrayValue)
    return try #require(tools.first { $0["name"]?.stringValue == tool }?["outputSchema"])
  }

  private func text(of result: JSON) throws -> String {
    let blocks = try #require(result["content"]?.arrayValue)
    #expect(blocks.count == 1)
    return try #require(blocks.first?["text"]?.stringValue)
  }
}

/// Fails where a value breaks a JSON Schema, of which `type`, `properties`, `required`, `items`, `enum` and `minimum` are understood.
/// At the root nothing may be there that is not declared.
func expectMatch(_ value: JSON, _ schema: JSON, _ place: String, location: SourceLocation = #_sourceLocation) {
  let undeclared = Set(value.objectValue?.keys ?? []).subtracting(schema["properties"]?.objectValue?.keys ?? [])
  #expect(undeclared.isEmpty, "\(place) has undeclared fields \(undeclared)", sourceLocation: location)
  let breaches = schemaBreaches(value, schema, place)
  #expect(breaches.isEmpty, "\(breaches)", sourceLocation: location)
}

private func schemaBreaches(_ value: JSON, _ schema: JSON, _ place: String) -> [String] {
  var breaches = [String]()
  let types = schema["type"]?.arrayValue ?? schema["type"].map { [$0] } ?? []
  if !types.isEmpty, !types.contains(where: { $0.stringValue.map { isA(value, $0) } ?? false }) {
    breaches.append("\(place) is no \(types)")
  }
  for name in schema["required"]?.arrayValue ?? [] where name.stringValue.flatMap({ value[$0] }) == nil {
    breaches.append("\(place) lacks \(name)")
  }
  for (name, inner) in schema["properties"]?.objectValue?.members ?? [] {
    if let member = value[name] { breaches += schemaBreaches(member, inner, "\(place).\(name)") }
  }
  if let items = schema["items"] {
    for (index, item) in (value.arrayValue ?? []).enumerated() { breaches += schemaBreaches(item, items, "\(place)[\(index)]") }
  }
  if let cases = schema["enum"]?.arrayValue, !cases.contains(value) { breaches.append("\(place) is none of \(cases)") }
  if let minimum = schema["minimum"]?.doubleValue, let number = value.doubleValue, number < minimum {
    breaches.append("\(place) is too small")
  }
  return breaches
}

private func isA(_ value: JSON, _ type: String) -> Bool {
  switch (value, type) {
  case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"), (.number, "number"), (.string, "string"),
    (.array, "array"), (.object, "object"):
    true
  default: false
  }
}
