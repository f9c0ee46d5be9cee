import ArgumentParser
import Bridge
import BridgeServer

struct Read: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Show an agent's unread messages, and mark them as read.",
    discussion: """
      Messages are marked as read only once all of them have been printed: if standard output is closed or full, they stay unread and \
      the command fails. Messages beyond the limit stay unread, and their number is shown.

      Examples:
        cowork-code-mcp-server read
        cowork-code-mcp-server read --as cowork --peek     show them, and mark nothing
        cowork-code-mcp-server read --from code --wait 60  wait for up to a minute
        cowork-code-mcp-server read --all-sessions         also what is kept for other sessions of the agent
        cowork-code-mcp-server read --set-aside            what is delivered no more, since it was never confirmed
        cowork-code-mcp-server read --again 3f0c9a12       deliver one of these again
        cowork-code-mcp-server read --json | jq '.messages[].content'
      """)

  @Flag(help: "Mark nothing as read.")
  var peek = false

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The maximum number of messages, 1 to 200.", valueName: "count"),
    transform: number(in: Limits.pageSize))
  var limit = 50

  @Option(help: ArgumentHelp("Only messages from this agent.", valueName: "name"), completion: Completions.agents)
  var from: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("If there are none, wait this long for one.", valueName: "seconds"),
    transform: TimeText.wait(in: PatientWait.seconds))
  var wait = 0

  @Flag(help: "Also what is kept for other sessions of the agent.")
  var allSessions = false

  @Flag(help: "Show the messages that are set aside, and mark nothing.")
  var setAside = false

  @Option(help: ArgumentHelp("Return a message that is set aside to the inbox.", valueName: "id"), completion: Completions.messages)
  var again: String?

  @OptionGroup var options: SharedOptions

  func validate() throws {
    if setAside, again != nil { throw ValidationError("--set-aside and --again exclude each other.") }
  }

  var absence: StoreAbsence { .awaited(until: .now + .seconds(wait)) }

  func run(in session: CommandSession) async throws {
    if let again { return try await session.deliverAgain(again) }
    if setAside {
      let aside = Delivery(messages: try await session.service.setAside())
      let none = "No message of \(Colours.agent(session.identity.name)) is set aside.\n"
      return try await session.show(
        Marked(MessagesOutput(aside), for: session.identity), as: aside.isEmpty ? none : aside.shown(for: session.identity))
    }
    let delivery = try await PatientWait(seconds: wait, since: session.start, logger: session.logger).until(not: \.isEmpty) { seconds in
      try await session.service.readMessages(
        markRead: !peek, limit: limit, from: from, waitSeconds: seconds, whole: true, allSessions: allSessions)
    }
    if delivery.lease != nil { try await session.service.addAgent() }
    try await session.show(
      Marked(MessagesOutput(delivery), for: session.identity), lease: delivery.lease, as: delivery.shown(for: session.identity))
  }
}

extension CommandSession {
  fileprivate func deliverAgain(_ id: String) async throws {
    try await service.deliverAgain(id)
    try await show(UnreadCounts(messages: 1), as: "The message will be delivered again.\n")
  }
}
