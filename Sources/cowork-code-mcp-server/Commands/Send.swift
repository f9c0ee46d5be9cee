import ArgumentParser
import Bridge
import BridgeServer

struct Send: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send a message to another agent, or to all others.",
    discussion: """
      Takes the text from the command line or, if it is -, from standard input, without the final line break. When the command \
      returns, the message is on disk. With --wait, the exit status is 3 if no reply came in time.

      Examples:
        cowork-code-mcp-server send cowork The build is green.
        git diff | cowork-code-mcp-server send cowork -
        cowork-code-mcp-server send cowork --file report.md
        cowork-code-mcp-server send code --as cowork --reply-to 3f0c… "It is."
        cowork-code-mcp-server send '*' "The server is down."
        cowork-code-mcp-server send cowork --wait 50 "Is it green?"
        cowork-code-mcp-server send cowork -- -5 degrees   a text that begins with a dash
      """)

  @Argument(
    help: "The recipient, or '*' for every other agent.", completion: Completions.agents,
    transform: { text in try usage { try Audience(text) } })
  var to: Audience

  @Argument(help: ArgumentHelp("The text, or - for standard input.", valueName: "text"))
  var text: [String] = []

  @Option(help: ArgumentHelp("A file that holds the text instead, or - for standard input.", valueName: "path"), completion: .file())
  var file: String?

  @Option(help: ArgumentHelp("The id of the message to answer.", valueName: "id"), completion: Completions.messages)
  var replyTo: String?

  @Option(help: ArgumentHelp("The id of the task this is about.", valueName: "id"), completion: Completions.tasks)
  var task: String?

  @Option(help: ArgumentHelp("A key of your choice: a second message with the same key is not sent.", valueName: "key"))
  var key: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Wait for the reply to this very message, up to 55 seconds, and show it.", valueName: "seconds"),
    transform: TimeText.wait(in: Limits.waitSeconds))
  var wait = 0

  @OptionGroup var options: SharedOptions

  func validate() throws {
    if text.isEmpty, file == nil { throw ValidationError("Write the message, or - to read it from standard input.") }
    if !text.isEmpty, file != nil { throw ValidationError("The text and --file exclude each other: leave one of them out.") }
  }

  func run(in session: CommandSession) async throws {
    let content = try file.map { try TextArgument.file($0) } ?? TextArgument.text(text.joined(separator: " "))
    let references = MessageReferences(replyTo: replyTo, taskID: task, idempotencyKey: key)
    // Who waits must be known while the other one answers.
    if wait > 0 { try await session.service.addAgent() }
    let sent = try await session.introducing {
      try await session.service.send(to: to, content, references, waitSeconds: wait)
    }
    try await session.showWithUnread(
      Marked(sent, for: session.identity), lease: sent.reply?.lease, done: "the message was sent", as: sent.shown)
    if sent.reply?.isEmpty == true { throw ExitCode.nothingThere }
  }
}
