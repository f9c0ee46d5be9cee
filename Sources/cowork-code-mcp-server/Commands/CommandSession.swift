import Bridge
import BridgeServer
import Dispatch
import Logging
import MCP

/// One command's work on the store, as one agent. It registers no running instance: the agent is not shown as online.
struct CommandSession {
  let service: BridgeService
  private let json: Bool
  let logger: Logger

  init(_ options: SharedOptions) throws {
    let identity = try options.acting.identity()
    let location = try options.store.location()
    logger = try options.store.logger()
    service = BridgeService(store: location.makeStore(logger: logger), identity: identity, logger: logger)
    json = options.json
    Colours.prepare(plain: json)
  }

  var identity: Identity { service.identity }

  /// Makes the acting agent known, so that it can be answered.
  func introduce() async throws { try await service.addAgent() }

  /// Shows a result. What was taken for it counts as read once all of it has been written; where that fails, nothing does.
  ///
  /// - Parameter lease: the lease of what was taken.
  func show(_ output: some StructuredOutput, lease: String? = nil, as text: @autoclosure () -> String) async throws {
    try await write(json ? output.jsonText + "\n" : text(), lease: lease)
  }

  /// The same, with a word about what waits for the agent.
  func showWithUnread(_ output: some StructuredOutput, lease: String? = nil, as text: @autoclosure () -> String) async throws {
    let counts = await unread()
    if json { return try await write(WithUnread(output, counts).jsonText + "\n", lease: lease) }
    try await write(text() + (counts.isEmpty ? "" : "\n" + counts.waiting(for: identity) + "\n"), lease: lease)
  }

  /// What is done must be told even where the rest cannot be counted.
  private func unread() async -> UnreadCounts {
    do { return try await service.unreadCounts() } catch {
      logger.debug("counting what is unread failed", metadata: ["error": "\(error)"])
      return UnreadCounts()
    }
  }

  private func write(_ text: String, lease: String?) async throws {
    do { try await service.deliver(lease) { try await StandardStreams.write(text) } } catch {
      throw lease == nil ? error : CommandFailure("\(error), so nothing was marked as read.")
    }
  }
}
