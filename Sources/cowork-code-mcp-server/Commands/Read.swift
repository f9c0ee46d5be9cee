import ArgumentParser
import Bridge
import BridgeServer

struct Read: BridgeCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show an agent's unread messages, and mark them as read.",
    discussion: """
      Messages are marked as read only once all of them have been printed: if standard output is closed or full, they stay unread and \
      the command fails. Messages beyond the limit stay unread, and their number is shown.

      Examples:
        cowork-code-mcp-server read
        cowork-code-mcp-server read --as cowork --peek     show them, and mark nothing
        cowork-code-mcp-server read --from code --wait 60  wait for up to a minute
        cowork-code-mcp-server read --json | jq '.messages[].content'
      """)

  @Flag(help: "Mark nothing as read.")
  var peek = false

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The maximum number of messages, 1 to 200.", valueName: "count"),
    transform: number(in: Limits.pageSize))
  var limit = 50

  @Option(help: ArgumentHelp("Only messages from this agent.", valueName: "name"))
  var from: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("If there are none, wait this long for one.", valueName: "seconds"),
    transform: number(in: PatientWait.seconds))
  var wait = 0

  @OptionGroup var options: SharedOptions

  func run(in session: CommandSession) async throws {
    let delivery = try await PatientWait(seconds: wait, logger: session.logger).until(not: \.isEmpty) { seconds in
      try await session.service.readMessages(markRead: !peek, limit: limit, from: from, waitSeconds: seconds, whole: true)
    }
    if delivery.lease != nil { try await session.service.addAgent() }
    try await session.show(
      Marked(MessagesOutput(delivery), for: session.identity), lease: delivery.lease, as: delivery.shown(for: session.identity))
  }
}
