import ArgumentParser
import Bridge
import Foundation

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow the bridge: the messages and task changes of all agents, as they happen.",
    discussion: """
      First what was, then what comes, within milliseconds of the write, also of one by hand. It takes nothing and marks nothing as read. \
      Ids are shown by their first 8 characters, and long texts by their beginning, unless --full is given. Times are local; with --json \
      they are as they are stored, and each line is an object.

      Ctrl-C ends it with status 0, and so does a closed pipe. While the store is away it waits, and then goes on without a gap.

      Examples:
        cowork-code-mcp-server watch
        cowork-code-mcp-server watch --agent cowork --since 2h
        cowork-code-mcp-server watch --last 100 --full | less
        cowork-code-mcp-server watch --last 0 --json | jq -r .content
      """)

  @Option(help: ArgumentHelp("Only what this agent sent, received or has a part in.", valueName: "name"))
  var agent: String?

  @Option(help: ArgumentHelp("Begin with what is no older: 90s, 15m, 2h, 3d, or a time such as 2026-01-31T12:00.", valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("Begin with so many of the newest. (default: 20; with --since: all)", valueName: "count"))
  var last: Int?

  @Flag(help: "Show texts and ids whole.")
  var full = false

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @OptionGroup var store: StoreOptions

  func validate() throws {
    _ = try chosenAgent()
    _ = try start()
  }

  func run() async throws {
    Colours.prepare(plain: json)
    try await CommandFailure.reported {
      let end = try EndOfWatching()
      let logger = try store.logger()
      let location = try store.location()
      let (agent, start) = (try chosenAgent(), try start())
      let printer: any EntryPrinter = json ? JSONPrinter() : TextPrinter(width: Terminal.width, isFull: full)
      if !json, isatty(1) != 0, isatty(2) != 0 {
        StandardStreams.writeError("Watching \(location.description.harmlessLine); Ctrl-C ends it.\n")
      }
      let reason = try await location.withStore(.any, logger: logger, closingWithin: .milliseconds(200)) { store in
        let follower = Follower(store: store, reader: store.transcript(of: agent, from: start), printer: printer, logger: logger)
        let following = Task { await end.fail(follower.run()) }
        defer { following.cancel() }
        return await end.reason
      }
      switch reason {
      case .interrupted:
        // Behind the ^C that the terminal shows.
        if isatty(1) != 0 { try? await StandardStreams.write("\n") }
      case .outputClosed: break
      case .failed(let error): throw error
      }
    }
  }

  private func chosenAgent() throws -> Identity? { try agent.map { name in try usage { try Identity(name) } } }

  private func start() throws -> TranscriptStart {
    if let last, !(0...100_000).contains(last) { throw ValidationError("--last must be 0 to 100000, not \(last).") }
    let since = try since.map { text in
      guard let time = PastTime.seconds(text, now: Date()) else {
        throw ValidationError(PastTime.refusal(of: text))
      }
      return time
    }
    return TranscriptStart(since: since, last: last ?? (since == nil ? 20 : nil))
  }
}
