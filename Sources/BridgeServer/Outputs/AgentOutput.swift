import Bridge
import MCP

/// An agent as tools and commands show it.
public struct AgentOutput: StructuredOutput {
  let agent: AgentSummary

  public init(_ agent: AgentSummary) { self.agent = agent }

  public static let schema = ObjectSchema<Self> {
    Field("name", .string, \.agent.name)
    Field("online", .boolean, \.agent.online)
    Field("last_seen", .nullable(.string), \.agent.lastSeen)
    Field("host", .nullable(.string), \.agent.host)
    Field("client", .nullable(.string), \.agent.client)
    Field("unread_messages", .integer(minimum: 0), \.agent.unreadMessages)
    Field("open_tasks", .integer(minimum: 0), \.agent.openTasks)
  }
}

/// What `list_agents` returns.
public struct AgentsOutput: StructuredOutput {
  let identity: Identity
  let agents: [AgentOutput]

  public init(_ agents: [AgentSummary], for identity: Identity) {
    self.identity = identity
    self.agents = agents.map(AgentOutput.init)
  }

  public static let schema = ObjectSchema<Self> {
    Field("self", .string, \.identity.name)
    Field("agents", .array(.briefObject()), \.agents)
  }
}
