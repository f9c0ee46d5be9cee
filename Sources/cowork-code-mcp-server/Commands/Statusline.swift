import ArgumentParser
import Bridge
import BridgeServer
import MCP
import SystemSupport

struct Statusline: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statusline",
    abstract: "Print one short line for the status line of Claude Code: what is unread, which tasks are open, who is online.",
    discussion: """
      Takes half a second at most, and prints nothing where there is no store or it is away. In Claude Code's settings:
      "statusLine": {"type": "command", "command": "cowork-code-mcp-server statusline"}

      Example:
        cowork-code-mcp-server statusline --as cowork
      """)

  @OptionGroup var options: SharedOptions

  func run() async throws {
    let identity = try options.acting.identity()
    let location = try options.store.location()
    Deadline.endProcess(after: .milliseconds(400))
    // Claude Code describes its session, which nothing here depends on.
    if !FileDescriptor.standardInput.isTerminal { try? SystemThread.start { _ = try? FileDescriptor.standardInput.readToEnd() } }
    let page = try? await location.withStore(absence: .failure, logger: .silent) { store in
      try await store.agents(AgentQuery(own: identity, limit: Overview.agentLimit))
    }
    guard let page else { return }
    let line = StatusLine(page, identity)
    try await StandardStreams.show(line, json: options.json, as: line.shown + "\n")
  }
}

private struct StatusLine: StructuredOutput {
  let agent: String
  let unread: Int
  let tasks: Int
  let online: [String]

  init(_ page: AgentPage, _ identity: Identity) {
    agent = identity.name
    let own = page.agents.first { $0.name == identity.name }
    (unread, tasks) = (own?.unreadMessages ?? 0, own?.openTasks ?? 0)
    online = page.agents.filter { $0.online && $0.name != identity.name }.map(\.name)
  }

  static let schema = ObjectSchema<Self> {
    Field("agent", .string, \.agent)
    Field("unread_messages", .integer, \.unread)
    Field("open_tasks", .integer, \.tasks)
    Field("online", .array(.string), \.online)
  }

  var shown: String {
    var parts = [Colours.agent(agent)]
    if unread > 0 { parts.append(Colours.notable("\(limitedCount(unread)) unread")) }
    if tasks > 0 { parts.append(Colours.notable(limitedCount(tasks, "open task"))) }
    let names = online.prefix(3).map { $0.harmlessLine.brief(20) }.joined(separator: ", ") + (online.count > 3 ? ", …" : "")
    parts.append(online.isEmpty ? Colours.faint("nobody else online") : "\(names) online")
    return parts.joined(separator: " · ")
  }
}
