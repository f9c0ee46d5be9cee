import ArgumentParser
import Bridge
import BridgeServer
import Logging

extension ExitCode {
  /// `wait` timed out.
  static let nothingThere = ExitCode(3)
}

struct Wait: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait until an agent has unread messages or news of tasks.",
    discussion: """
      Prints the counts and marks nothing: `read` and `tasks` do. Returns within milliseconds of the write, also of one by hand. Without \
      --timeout it waits forever.

      Exit status: 0 if there is something, 3 if there was nothing before the time-out, 1 on failure.

      Examples:
        cowork-code-mcp-server wait && cowork-code-mcp-server read
        cowork-code-mcp-server wait --as cowork --for tasks --timeout 300
        cowork-code-mcp-server wait --timeout 0        only look
      """)

  enum Subject: String, CaseIterable, ExpressibleByArgument {
    case messages, tasks, any
  }

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Give up after this long. (default: never)", valueName: "seconds"),
    transform: TimeText.wait(in: PatientWait.seconds))
  var timeout: Int?

  @Option(name: .customLong("for"), help: ArgumentHelp("What to wait for.", valueName: "what"))
  var subject: Subject = .any

  @Flag(help: "Also for what is kept for other sessions of the agent.")
  var allSessions = false

  @OptionGroup var options: SharedOptions

  var absence: StoreAbsence { .awaited(until: timeout.map { .now + .seconds($0) }) }

  func run(in session: CommandSession) async throws {
    let counts = try await PatientWait(seconds: timeout, since: session.start, logger: session.logger).until(not: \.isEmpty) { seconds in
      try await session.service.waitForAnything(
        messages: subject != .tasks, tasks: subject != .messages, allSessions: allSessions, timeout: .seconds(seconds))
    }
    try await session.show(counts, as: counts.waiting(for: session.identity) + "\n")
    if counts.isEmpty { throw ExitCode.nothingThere }
  }
}

/// A wait of any length. It looks again now and then, because leases of other processes expire without a hint.
struct PatientWait {
  /// A day at most, so that nothing overflows.
  static let seconds = 0...86_400
  private static let piece: Int64 = 30
  let seconds: Int?
  let start: ContinuousClock.Instant
  let logger: Logger

  init(seconds: Int?, since start: ContinuousClock.Instant, logger: Logger) {
    (self.seconds, self.start, self.logger) = (seconds, start, logger)
  }

  /// - Parameter look: waits for at most the seconds that it is given.
  /// - Returns: the first value that is not empty, or the last one at the end.
  func until<Value>(not isEmpty: (Value) -> Bool, _ look: (Int) async throws -> Value) async throws -> Value {
    let end = seconds.map { start + .seconds($0) }
    let first = try await look(0)
    if let end, ContinuousClock.now >= end { return first }
    if !isEmpty(first) { return first }
    logger.debug("nothing there yet, waiting")
    while true {
      let left = end.map { max(0, (ContinuousClock.now.duration(to: $0) + .milliseconds(999)).components.seconds) }
      let found = try await look(Int(min(left ?? Self.piece, Self.piece)))
      if !isEmpty(found) { return found }
      if let end, ContinuousClock.now >= end { return found }
    }
  }
}
