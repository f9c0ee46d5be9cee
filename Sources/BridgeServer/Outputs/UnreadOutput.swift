import Bridge
import JSON
import MCP

/// How much waits for an agent.
public struct UnreadOutput: StructuredOutput {
  let counts: UnreadCounts

  public init(_ counts: UnreadCounts) { self.counts = counts }

  public static let schema = ObjectSchema<Self> {
    Field("messages", .integer, \.counts.messages)
    Field("tasks", .integer, \.counts.tasks)
  }

  var json: JSON { ["messages": .integer(Int64(counts.messages)), "tasks": .integer(Int64(counts.tasks))] }
}

/// Any output, with a word about what waits where there is something: a busy agent learns of mail without asking.
public struct WithUnread<Output: StructuredOutput>: StructuredOutput {
  let output: Output
  let unread: UnreadOutput?

  /// - Parameter counts: what waits; nothing is said where it is nothing.
  public init(_ output: Output, _ counts: UnreadCounts) {
    self.output = output
    unread = counts.isEmpty ? nil : UnreadOutput(counts)
  }

  public static var schema: ObjectSchema<Self> {
    Output.schema.embedded(at: \Self.output).adding { Field(optional: "unread", .json, \.unread?.json) }
  }
}
