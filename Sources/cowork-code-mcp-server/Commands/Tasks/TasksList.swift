import ArgumentParser
import Bridge
import BridgeServer

struct TasksList: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List an agent's tasks, oldest first (the default).",
    discussion: """
      What is listed counts as seen: `wait` and wait_for_updates do not tell it again, unless --peek is given.

      Examples:
        cowork-code-mcp-server tasks list --as cowork --status pending
        cowork-code-mcp-server tasks list --role creator --json
      """)

  @Option(help: "The agent's side: \(TaskRole.allCases.map(\.rawValue).joined(separator: " or ")).")
  var role: TaskRole = .assignee

  @Option(help: "Only with this status.")
  var status: TaskStatus?

  @Option(help: ArgumentHelp("At most so many tasks, 1 to 200.", valueName: "count"))
  var limit = 50

  @Flag(help: "Look only: nothing counts as seen.")
  var peek = false

  @OptionGroup var options: SharedOptions

  func validate() throws { try requirePageSize(limit) }

  func run(in session: CommandSession) async throws {
    let page = try await session.service.tasks(role: role, status: status, limit: limit, markSeen: !peek)
    try await session.showWithUnread(
      Marked(TasksOutput(page), for: session.identity), lease: page.lease, as: page.shown(for: session.identity, role))
  }
}
