import ArgumentParser
import Bridge
import BridgeServer
import Logging
import MCP

/// A command that does what a tool does, for a person or a script.
protocol BridgeCommand: AsyncParsableCommand {
  var options: SharedOptions { get }
  var absence: StoreAbsence { get }
  func run(in session: CommandSession) async throws
}

extension BridgeCommand {
  var absence: StoreAbsence { .made }

  func run() async throws {
    let start = ContinuousClock.now
    let identity = try options.acting.identity()
    let logger = try options.store.logger()
    try await options.store.location().withCommand(as: identity, absence: absence, logger: logger) { service in
      try await run(in: CommandSession(service: service, json: options.json, logger: logger, start: start))
    }
  }
}

/// One command's work on the store, as one agent. It registers no running instance: the agent is not shown as online.
struct CommandSession {
  let service: BridgeService
  let json: Bool
  let logger: Logger
  let start: ContinuousClock.Instant

  var identity: Identity { service.identity }

  /// Makes the acting agent known once it has done something, so that it can be answered: a mistyped name is often refused.
  func introducing<Value>(_ action: () async throws -> Value) async throws -> Value {
    let value = try await action()
    try await service.addAgent()
    return value
  }

  /// Shows a result. What was taken for it counts as read once all of it has been written; where that fails, nothing does.
  func show(_ output: some StructuredOutput, lease: String? = nil, as text: @autoclosure () -> String) async throws {
    try await write(json ? output.jsonText + "\n" : text(), lease: lease)
  }

  /// The same, with a word about what waits for the agent.
  ///
  /// - Parameter done: what has happened, even if it cannot be shown.
  func showWithUnread(
    _ output: some StructuredOutput, lease: String? = nil, done: String? = nil, as text: @autoclosure () -> String
  ) async throws {
    let counts = await service.unreadIfKnown(logger)
    if json { return try await write(WithUnread(output, counts).jsonText + "\n", lease: lease, done: done) }
    try await write(text() + (counts.isEmpty ? "" : "\n" + counts.waiting(for: identity) + "\n"), lease: lease, done: done)
  }

  private func write(_ text: String, lease: String?, done: String? = nil) async throws {
    do { try await service.deliver(lease) { try await StandardStreams.write(text) } } catch {
      if lease == nil, (error as? OutputError)?.code == .brokenPipe { throw error }
      let rest = (lease == nil ? nil : ", so nothing was marked as read.") ?? done.map { ", but \($0): do not repeat it." }
      throw rest.map { CommandFailure("\(error)\($0)") } ?? error
    }
  }
}
