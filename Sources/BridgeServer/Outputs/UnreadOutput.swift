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

/// An output with unread counts if there are any, so a busy agent learns of messages without asking.
public struct WithUnread<Output: StructuredOutput>: StructuredOutput {
  let output: Output
  let unread: UnreadOutput?

  /// - Parameter counts: left out if both are zero.
  public init(_ output: Output, _ counts: UnreadCounts) {
    self.output = output
    unread = counts.isEmpty ? nil : UnreadOutput(counts)
  }

  public static var schema: ObjectSchema<Self> {
    Output.schema.embedded(at: \Self.output).adding { Field(optional: "unread", .json, \.unread?.json) }
  }
}
