import Bridge
import MCP

extension Overview: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("agents", .array(.object()), \.agentRows)
    Field("unread_messages", .integer, \.unreadCount)
    Field("oldest_unread_seconds", .nullable(.seconds), \.oldestUnread)
    Field("unread_for_unknown_names", .array(.object()), \.strangers)
    Field("open_tasks", .integer, \.openTasks)
    Field("stale_tasks", .integer, \.staleTasks)
    Field("tasks", .array(.object()), \.tasksByUrgency)
    Field("sessions", .array(.object()), \.sessions)
    Field("set_aside", .array(.object()), \.setAside)
  }

  private var agentRows: [AgentRow] {
    let mail = mail
    return agents.map { AgentRow(agent: $0, oldest: mail[$0.name]?.oldest) }
  }
}

private struct AgentRow: StructuredOutput {
  let agent: AgentSummary
  let oldest: Double?

  static let schema = ObjectSchema<Self> {
    AgentSummary.schema.embedded(at: \Self.agent)
    Field("oldest_unread_seconds", .nullable(.seconds), \.oldest)
  }
}

extension SessionSummary: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("agent", .string, \.agent)
    Field("name", .string, \.name)
    Field("client", .nullable(.string), \.client)
  }
}

extension Overview.Unread: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("name", .string, \.agent)
    Field("unread_messages", .integer, \.count)
  }
}

extension Overview.Task: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("id", .nullable(.string), \.task.id)
    Field("title", .nullable(.string), \.task.title)
    Field("sender", .nullable(.string), \.task.sender)
    Field("recipient", .nullable(.string), \.task.recipient)
    Field("status", .nullable(.string), \.task.status)
    Field("holder", .nullable(.string), \.task.holder)
    Field("stale", .boolean, \.task.stale)
    Field("created_at", .nullable(.string), \.task.createdAt)
    Field("age_seconds", .nullable(.seconds), \.age)
  }
}

extension FieldType where Value == Double {
  /// A span of time, to a tenth of a second.
  fileprivate static var seconds: FieldType { FieldType<Double>.number.mapping { ($0 * 10).rounded() / 10 } }
}
