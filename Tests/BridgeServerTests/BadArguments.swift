import Bridge
import JSON
import MCP
import Testing

/// A call that must be refused because of one argument.
struct BadArgument: CustomTestStringConvertible, Sendable {
  let tool: String
  /// What the error must name.
  let argument: String
  let arguments: JSON
  let what: String

  var testDescription: String { "\(tool).\(argument): \(what)" }

  /// Every parameter of every tool, wrong in every way.
  static let all: [BadArgument] = ToolParameters.all.flatMap { tool in
    tool.parameters.flatMap { cases(tool, $0) } + unknown(tool)
  }

  private static func cases(_ tool: ToolParameters, _ parameter: ToolParameters.Parameter) -> [BadArgument] {
    let names = [parameter.name] + parameter.aliases
    var cases = names.flatMap { name in
      parameter.kind.wrongValues(isRequired: parameter.isRequired).map { what, value in
        // A required one that is null is missing, whatever its name.
        BadArgument(
          tool: tool.name, argument: value == .null ? parameter.name : name,
          arguments: tool.arguments(replacing: parameter, by: [name: value]), what: what)
      }
    }
    if parameter.isRequired {
      cases.append(
        BadArgument(
          tool: tool.name, argument: parameter.name, arguments: tool.arguments(replacing: parameter, by: [:]), what: "missing"))
    }
    for alias in parameter.aliases {
      cases.append(
        BadArgument(
          tool: tool.name, argument: alias,
          arguments: tool.arguments(replacing: parameter, by: [parameter.name: "code", alias: "cowork"]), what: "two names that differ"))
    }
    return cases
  }

  /// Names that are not declared, near misses included.
  private static func unknown(_ tool: ToolParameters) -> [BadArgument] {
    let known = Set(tool.parameters.flatMap { [$0.name] + $0.aliases })
    let names = ["nonsense", "To", "message", "taskId", "__proto__", "limit ", "sender"].filter { !known.contains($0) }
    return names.map { name in
      var arguments = tool.standard
      arguments[name] = "x"
      return BadArgument(tool: tool.name, argument: name, arguments: .object(arguments), what: "unknown")
    }
  }
}

/// A tool's parameters, repeated here instead of read from the declarations.
struct ToolParameters: Sendable {
  struct Parameter: Sendable {
    let name: String
    let kind: Kind
    var aliases: [String] = []
    var isRequired = false
  }

  enum Kind: Sendable {
    case name, boolean
    case id
    case text(allowsEmpty: Bool)
    case title
    case integer(ClosedRange<Int64>)
    case choice
  }

  let name: String
  let parameters: [Parameter]
  /// Valid arguments.
  let standard: JSONObject

  func arguments(replacing parameter: Parameter, by members: JSONObject) -> JSON {
    var arguments = standard
    for name in [parameter.name] + parameter.aliases { arguments[name] = nil }
    return .object(arguments.merging(members))
  }

  private static let to = Parameter(name: "to", kind: .name, aliases: ["recipient"], isRequired: true)
  private static let key = Parameter(name: "idempotency_key", kind: .id)
  private static let task = Parameter(name: "task_id", kind: .id)
  private static let limit = Parameter(name: "limit", kind: .integer(1...200))
  private static let result = Parameter(name: "result", kind: .text(allowsEmpty: true))

  static let all = [
    ToolParameters(
      name: "send_message",
      parameters: [
        to, Parameter(name: "content", kind: .text(allowsEmpty: false), isRequired: true), Parameter(name: "reply_to", kind: .id), task,
        key, Parameter(name: "wait_seconds", kind: .integer(0...55)),
      ], standard: ["to": "cowork", "content": "hello"]),
    ToolParameters(
      name: "read_messages",
      parameters: [
        Parameter(name: "mark_read", kind: .boolean), limit, Parameter(name: "from", kind: .id),
        Parameter(name: "wait_seconds", kind: .integer(0...55)), Parameter(name: "all_sessions", kind: .boolean),
      ], standard: [:]),
    ToolParameters(
      name: "create_task",
      parameters: [
        to, Parameter(name: "title", kind: .title, isRequired: true),
        Parameter(name: "description", kind: .text(allowsEmpty: true), isRequired: true), key,
      ], standard: ["to": "cowork", "title": "A task", "description": "Do it."]),
    ToolParameters(
      name: "get_tasks",
      parameters: [
        Parameter(name: "status", kind: .choice), Parameter(name: "role", kind: .choice), task, limit, Parameter(name: "cursor", kind: .id),
      ], standard: [:]),
    ToolParameters(
      name: "update_task",
      parameters: [
        Parameter(name: "task_id", kind: .id, isRequired: true), Parameter(name: "status", kind: .choice, isRequired: true), result,
      ], standard: ["task_id": "11111111-1111-4111-8111-111111111111", "status": "completed"]),
    ToolParameters(
      name: "wait_for_updates", parameters: [Parameter(name: "timeout_seconds", kind: .integer(0...55))], standard: [:]),
    ToolParameters(name: "list_agents", parameters: [], standard: [:]),
    ToolParameters(
      name: "search_history",
      parameters: [
        Parameter(name: "query", kind: .text(allowsEmpty: true)), Parameter(name: "with", kind: .id), task,
        Parameter(name: "before", kind: .id), limit,
      ], standard: [:]),
  ]
}
