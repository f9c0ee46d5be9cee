import ArgumentParser
import Bridge
import BridgeServer

struct TasksCreate: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Delegate a task to another agent.",
    discussion: """
      Examples:
        cowork-code-mcp-server tasks create cowork "Review the page"
        cowork-code-mcp-server tasks create cowork "Review the page" - < page.md
      """)

  @Argument(help: "The agent that is to do it.")
  var to: String

  @Argument(help: "What it is, in up to 200 characters.")
  var title: String

  @Argument(help: "All that is needed to do it, or - for standard input.")
  var description = ""

  @Option(help: ArgumentHelp("A word of your own: a second task with the same key is not created.", valueName: "key"))
  var key: String?

  @OptionGroup var options: SharedOptions

  func validate() throws { _ = try agent(to) }

  func run(in session: CommandSession) async throws {
    let assignee = try agent(to)
    let description = try TextArgument.text(description)
    try await session.introduce()
    let receipt = try await session.service.createTask(
      for: assignee, title: title, description: description, idempotencyKey: key)
    try await session.showWithUnread(CreateOutput(receipt), as: receipt.shown(for: assignee))
  }
}
