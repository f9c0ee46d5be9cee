import ArgumentParser
import Bridge
import BridgeServer

struct History: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show messages sent and received, newest first, and whether they were read.",
    discussion: """
      Examples:
        cowork-code-mcp-server history
        cowork-code-mcp-server history check curr      the beginnings of words
        cowork-code-mcp-server history --with cowork --before 2026-01-31
        cowork-code-mcp-server history --task 3f0c… --limit 200 --json
      """)

  @Argument(help: "Words that the messages contain, or their beginnings.")
  var query: [String] = []

  @Option(help: ArgumentHelp("Only messages from or to this agent.", valueName: "name"), completion: Completions.agents)
  var with: String?

  @Option(help: ArgumentHelp("Only messages about this task.", valueName: "id"), completion: Completions.tasks)
  var task: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only messages older than this one, or than a time: \(TimeText.rule).", valueName: "id-or-time"),
    transform: TimeText.pointOrID)
  var before: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The maximum number of messages, 1 to 200.", valueName: "count"),
    transform: number(in: Limits.pageSize))
  var limit = 20

  @OptionGroup var options: SharedOptions

  var absence: StoreAbsence { .empty }

  func run(in session: CommandSession) async throws {
    let words = query.joined(separator: " ")
    let page = try await session.service.history(
      text: words.isEmpty ? nil : words, with: with, taskID: task, before: before, limit: limit, whole: true)
    try await session.showWithUnread(Marked(page, for: session.identity), as: page.shown)
  }
}
