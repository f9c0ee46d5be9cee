import ArgumentParser
import Bridge
import BridgeServer

struct Agents: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents",
    abstract: "List the agents, add one, or remove one.",
    discussion: """
      Examples:
        cowork-code-mcp-server agents
        cowork-code-mcp-server agents add reviewer
        cowork-code-mcp-server agents remove reviewer
      """,
    subcommands: [AgentsList.self, AgentsAdd.self, AgentsRemove.self],
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

  var absence: StoreAbsence { .empty }

  func run(in session: CommandSession) async throws {
    let page = try await session.service.agents(limit: Overview.agentLimit)
    try await session.showWithUnread(
      Marked(AgentsOutput(page, for: session.identity), for: session.identity), as: page.shown(for: session.identity))
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
    try await session.show(session.service.agent(name), as: "\(Colours.agent(name.name)) is known.\n")
  }
}

struct AgentsRemove: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Forget an agent, such as one whose name was mistyped.",
    discussion: """
      Refused while the agent is online or has unread messages, unless you pass --force. Its messages and tasks stay, and it is known again \
      once it connects. With --json it prints the agent as it was.

      Example:
        cowork-code-mcp-server agents remove reviewr
      """)

  @Argument(help: "Its name.", completion: Completions.agents, transform: agentName)
  var name: Identity

  @Flag(help: "Also if it is online or has unread messages.")
  var force = false

  @OptionGroup var options: SharedOptions

  var absence: StoreAbsence { .empty }

  func run(in session: CommandSession) async throws {
    let removed = try await session.service.removeAgent(name, force: force)
    try await session.show(removed, as: "\(Colours.agent(name.name)) is forgotten.\n")
  }
}

extension AgentPage {
  /// A star marks the acting agent.
  func shown(for acting: Identity) -> String {
    let rest = remaining > 0 ? "\n\(Colours.notable("\(counted(remaining, "more agent")) were seen before these."))\n" : ""
    return rows(for: acting) + rest
  }

  private func rows(for acting: Identity) -> String {
    table(
      agents,
      [
        .name { $0.name + ($0.name == acting.name ? " *" : "") },
        .presence { $0.online },
        TableColumn("UNREAD", .right) { limitedCount($0.unreadMessages) }, TableColumn("OPEN TASKS", .right) { limitedCount($0.openTasks) },
        TableColumn("LAST SEEN") { $0.lastSeen }, TableColumn("HOST") { $0.host }, TableColumn("CLIENT") { $0.client },
      ])
  }
}
