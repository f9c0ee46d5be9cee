import ArgumentParser
import Bridge
import BridgeServer

struct Agents: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the agents, or add one.",
    discussion: """
      Examples:
        cowork-code-mcp-server agents
        cowork-code-mcp-server agents add reviewer
      """,
    subcommands: [AgentsList.self, AgentsAdd.self],
    defaultSubcommand: AgentsList.self)
}

struct AgentsList: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the agents: who is online, and what waits for each (the default).",
    discussion: """
      Example:
        cowork-code-mcp-server agents list --json
      """)

  @OptionGroup var options: SharedOptions

  func run(in session: CommandSession) async throws {
    let agents = try await session.service.agents()
    try await session.showWithUnread(AgentsOutput(agents, for: session.identity), as: agents.shown(for: session.identity))
  }
}

struct AgentsAdd: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make an agent known before it has connected, so that messages can be sent to it.",
    discussion: """
      One that is known already is no error. With --json it prints the agent as `agents list` does.

      Example:
        cowork-code-mcp-server agents add reviewer
      """)

  @Argument(help: "Its name: 1 to 63 of a-z, 0-9, '.', '_' and '-'.", transform: agentName)
  var name: Identity

  @OptionGroup var options: SharedOptions

  func run(in session: CommandSession) async throws {
    try await session.service.addAgent(name)
    guard let summary = try await session.service.agents().first(where: { $0.name == name.name }) else {
      throw CommandFailure("The agent \(name) was added and is not there: check that nobody else empties the store.")
    }
    try await session.show(summary, as: "\(Colours.agent(name.name)) is known.\n")
  }
}

extension [AgentSummary] {
  /// A star marks the acting agent.
  func shown(for acting: Identity) -> String {
    table(
      self,
      [
        .name { $0.name + ($0.name == acting.name ? " *" : "") },
        .presence { $0.online },
        TableColumn("UNREAD", .right) { String($0.unreadMessages) }, TableColumn("OPEN TASKS", .right) { String($0.openTasks) },
        TableColumn("LAST SEEN") { $0.lastSeen }, TableColumn("HOST") { $0.host }, TableColumn("CLIENT") { $0.client },
      ])
  }
}
