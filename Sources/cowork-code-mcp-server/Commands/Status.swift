import ArgumentParser
import Bridge
import BridgeServer
import MCP

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who is there, what is unread, and which tasks are open or stale.",
    discussion: """
      One screen about all agents. A task is stale when the presence of its holder has ended: another instance may take it over.

      Examples:
        cowork-code-mcp-server status
        cowork-code-mcp-server status --json
        cowork-code-mcp-server status --workspace shop
      """)

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var colour: ColourOption

  func run() async throws {
    let location = try store.location()
    let overview = try await location.withStore(absence: .empty, logger: store.logger()) { store in
      // Of readers that have just died, too.
      _ = try? await store.recoverExpired()
      return try await store.overview()
    }
    try await StandardStreams.show(overview, json: json, as: overview.shown(location.description, Terminal.width))
  }
}

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
