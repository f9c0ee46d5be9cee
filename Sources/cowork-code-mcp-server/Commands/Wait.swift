import ArgumentParser
import Bridge
import BridgeServer

extension ExitCode {
  /// `wait` timed out.
  static let nothingThere = ExitCode(3)
}

struct Wait: BridgeCommand {
  static let configuration = CommandConfiguration(
    abstract: "Wait until there is something for an agent; the exit status says what.",
    discussion: """
      Prints how much there is and takes nothing: `read` and `tasks` do. It ends within milliseconds of the write, also of one by hand. \
      Without --timeout it waits for ever.

      Exit status: 0 there is something, 3 there was nothing until the time-out, 1 it failed.

      Examples:
        cowork-code-mcp-server wait && cowork-code-mcp-server read
        cowork-code-mcp-server wait --as cowork --for tasks --timeout 300
        cowork-code-mcp-server wait --timeout 0        just look
      """)

  /// What is worth waking for.
  enum Subject: String, CaseIterable, ExpressibleByArgument {
    case messages, tasks, any
  }

  @Option(help: ArgumentHelp("Give up after so long. (default: never)", valueName: "seconds"))
  var timeout: Int?

  @Option(name: .customLong("for"), help: ArgumentHelp("What to wait for.", valueName: "what"))
  var subject: Subject = .any

  @OptionGroup var options: SharedOptions

  func validate() throws { try PatientWait.require(timeout, "--timeout") }

  func run(in session: CommandSession) async throws {
    let counts = try await PatientWait(seconds: timeout, logger: session.logger).until(\.isSomething) { seconds in
      try await session.service.waitForAnything(
        messages: subject != .tasks, tasks: subject != .messages, timeout: .seconds(seconds))
    }
    try await session.show(UnreadOutput(counts), as: counts.waiting(for: session.identity) + "\n")
    if counts.isEmpty { throw ExitCode.nothingThere }
  }
}
