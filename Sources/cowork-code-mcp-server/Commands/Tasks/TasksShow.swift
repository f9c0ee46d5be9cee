import ArgumentParser
import Bridge
import BridgeServer

struct TasksShow: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one task and its history.",
    discussion: """
      What is shown counts as seen, unless --peek is given.

      Example:
        cowork-code-mcp-server tasks show 3f0c… --as cowork
      """)

  @Argument(help: "The task's id.")
  var id: String

  @Flag(help: "Look only: nothing counts as seen.")
  var peek = false

  @OptionGroup var options: SharedOptions

  func run(in session: CommandSession) async throws {
    let report = try await session.service.task(id, markSeen: !peek)
    try await session.showWithUnread(Marked(TasksOutput(report), for: session.identity), lease: report.lease, as: report.shown)
  }
}
