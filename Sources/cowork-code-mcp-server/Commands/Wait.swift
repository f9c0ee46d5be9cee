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
    let counts = try await PatientWait(seconds: timeout, logger: session.logger).until(not: \.isEmpty) { seconds in
      try await session.service.waitForAnything(
        messages: subject != .tasks, tasks: subject != .messages, timeout: .seconds(seconds))
    }
    try await session.show(counts, as: counts.waiting(for: session.identity) + "\n")
    if counts.isEmpty { throw ExitCode.nothingThere }
  }
}

/// A wait of any length. It looks again from time to time, since leases of other processes expire without a hint.
struct PatientWait {
  private static let piece: Int64 = 30
  /// Nil for no limit.
  let seconds: Int?
  let logger: Logger

  /// - Parameter look: waits at most this many seconds.
  /// - Returns: the first value that is not empty, or the last one when the time is over.
  func until<Value>(not isEmpty: (Value) -> Bool, _ look: (Int) async throws -> Value) async throws -> Value {
    let end = seconds.map { ContinuousClock.now + .seconds($0) }
    let first = try await look(0)
    if !isEmpty(first) || seconds == 0 { return first }
    logger.debug("nothing there yet, waiting")
    while true {
      let left = end.map { max(0, (ContinuousClock.now.duration(to: $0) + .milliseconds(999)).components.seconds) }
      let found = try await look(Int(min(left ?? Self.piece, Self.piece)))
      if !isEmpty(found) { return found }
      if let end, ContinuousClock.now >= end { return found }
    }
  }

  /// A day at most, so that nothing overflows.
  static func require(_ seconds: Int?, _ option: String) throws {
    guard let seconds, !(0...86_400).contains(seconds) else { return }
    throw ValidationError("\(option) must be 0 to 86400 seconds, not \(seconds).")
  }
}
