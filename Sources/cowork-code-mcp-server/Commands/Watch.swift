import ArgumentParser
import Bridge
import JSON
import Logging
import SystemSupport

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Follow the bridge: the messages and task changes of all agents, as they happen.",
    discussion: """
      Shows the newest entries, then each new one within milliseconds of the write, including those written by hand. Marks nothing as \
      read. Ids are cut to 8 characters and long texts to a few lines, unless you pass --full. Times are local; with --json, each line \
      is an object with the times as stored.

      Ends with status 0 on Ctrl-C or when the pipe is closed. If the store becomes unavailable, it waits, then continues without a gap.

      Examples:
        cowork-code-mcp-server watch
        cowork-code-mcp-server watch --agent cowork --since 2h
        cowork-code-mcp-server watch --last 100 --full | less
        cowork-code-mcp-server watch --last 0 --json | jq -r .content
      """)

  @Option(
    help: ArgumentHelp("Only what this agent sent or received.", valueName: "name"), completion: Completions.agents, transform: agentName)
  var agent: Identity?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Start at this time: \(TimeText.rule).", valueName: "time"),
    transform: TimeText.seconds)
  var since: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Start with this many of the newest entries. (default: 20; with --since: all)", valueName: "count"),
    transform: number(in: 0...100_000))
  var last: Int?

  @Flag(help: "Show full texts and ids.")
  var full = false

  @Flag(help: "Print one JSON object per line.")
  var json = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var colour: ColourOption

  func run() async throws {
    let end = try Self.end()
    let logger = try store.logger()
    let location = try store.location()
    let start = TranscriptStart(since: since, last: last ?? (since == nil ? 20 : nil))
    let printer = TextPrinter(width: Terminal.width, isFull: full)
    let isTerminal = FileDescriptor.standardOutput.isTerminal
    if !json, isTerminal, FileDescriptor.standardError.isTerminal {
      StandardStreams.writeError("Watching \(location.description.harmlessLine); Ctrl-C ends it.\n")
    }
    let reason = try await location.withStore(logger: logger, closingWithin: .milliseconds(200)) { store in
      var follower = Follower(store: store, reader: store.transcript(of: agent, from: start)) { [json] entries in
        if !json, let sessions = try? await store.sessions(of: nil) { await printer.know(sessions) }
        try await StandardStreams.write(json ? entries.map { JSON.object($0.json).line }.joined() : printer.text(entries))
      }
      follower.availability = Self.tell
      let following = Task { [follower] in end.set(.failed(await follower.run { logger.debug("following") })) }
      defer { following.cancel() }
      return await end.wait()
    }
    switch reason {
    case .interrupted, nil:
      // Behind the ^C that the terminal shows.
      if isTerminal { try? await StandardStreams.write("\n") }
    case .outputClosed: break
    case .failed(let error): if (error as? OutputError)?.code != .brokenPipe { throw error }
    }
  }

  private static func tell(_ loss: BridgeError?) {
    StandardStreams.writeError(loss.map { "\($0.message.harmless)\nWaiting until it is back.\n" } ?? "The store is back.\n")
  }

  /// Why watching ends.
  private enum End: Sendable {
    /// SIGINT, SIGTERM or SIGHUP.
    case interrupted
    /// Nobody reads the output anymore.
    case outputClosed
    case failed(any Error)
  }

  /// The first reason to end. From now on the signals no longer end the process.
  private static func end() throws -> Once<End> {
    let end = Once<End>()
    try Signals.handle { _ in end.set(.interrupted) }
    // poll(2) reports a pipe that has lost its reader. A file never has one.
    try SystemThread.start {
      var output = PollSet()
      output.add(.standardOutput, [])
      while !output.wait(for: nil) {}
      end.set(.outputClosed)
    }
    return end
  }
}
