import ArgumentParser
import Bridge
import BridgeServer

struct Send: BridgeCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send a message to another agent, or to all others.",
    discussion: """
      Takes the text from the command line or, if it is -, from standard input, without the final line break. When the command \
      returns, the message is on disk.

      Examples:
        cowork-code-mcp-server send cowork The build is green.
        git diff | cowork-code-mcp-server send cowork -
        cowork-code-mcp-server send code --as cowork --reply-to 3f0c… "It is."
        cowork-code-mcp-server send '*' "The server is down."
        cowork-code-mcp-server send cowork -- -5 degrees   a text that begins with a dash
      """)

  @Argument(help: "The recipient, or '*' for every other agent.", transform: { text in try usage { try Audience(text) } })
  var to: Audience

  @Argument(help: ArgumentHelp("The text, or - for standard input.", valueName: "text"))
  var text: [String] = []

  @Option(help: ArgumentHelp("The id of the message to answer.", valueName: "id"))
  var replyTo: String?

  @Option(help: ArgumentHelp("The id of the task this is about.", valueName: "id"))
  var task: String?

  @Option(help: ArgumentHelp("A key of your choice: a second message with the same key is not sent.", valueName: "key"))
  var key: String?

  @OptionGroup var options: SharedOptions

  func validate() throws {
    if text.isEmpty { throw ValidationError("Write the message, or - to read it from standard input.") }
  }

  func run(in session: CommandSession) async throws {
    let content = try TextArgument.text(text.joined(separator: " "))
    let receipt = try await session.introducing {
      try await session.service.send(to: to, content, MessageReferences(replyTo: replyTo, taskID: task, idempotencyKey: key))
    }
    try await session.showWithUnread(receipt, as: receipt.shown)
  }
}
