import ArgumentParser
import Bridge
import BridgeServer

struct TasksUpdate: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Move a task: take it, complete it, or let it fail.",
    discussion: """
      Its assignee moves a task to in_progress, completed or failed; its creator may end it with failed. Of several who take a task \
      exactly one gets it; what is taken by this command may be taken over after 10 minutes.

      Examples:
        cowork-code-mcp-server tasks update 3f0c… in_progress --as cowork
        cowork-code-mcp-server tasks update 3f0c… completed --result "It works."
        make test | cowork-code-mcp-server tasks update 3f0c… completed --result -
      """)

  @Argument(help: "The task's id.")
  var id: String

  @Argument(help: "Where it goes.")
  var status: TaskStatus

  @Option(
    parsing: .unconditional, help: ArgumentHelp("What came out, or why it failed; - for standard input.", valueName: "text"))
  var result: String?

  @OptionGroup var options: SharedOptions

  func run(in session: CommandSession) async throws {
    let result = try result.map { try TextArgument.text($0) }
    try await session.introduce()
    let task = try await session.service.updateTask(id, to: status, result: result, as: claimant(session.identity))
    try await session.showWithUnread(Marked(TaskOutput(task), for: session.identity), as: task.shown)
  }

  /// A claim outlives this process: with the process's real identity it would be free for others as soon as the command ends.
  private func claimant(_ identity: Identity) -> Instance {
    let process = ProcessIdentity.current
    return Instance(agent: identity, process: ProcessIdentity(scope: "", pid: process.pid, start: process.start))
  }
}
