import Bridge
import JSON
import Logging
import MCP

/// The bridge as MCP tools.
struct BridgeTools: Sendable {
  let service: BridgeService
  let logger: Logger

  /// In the order in which clients list them.
  var all: [Tool] {
    [sendMessage, readMessages, createTask, getTasks, updateTask, waitForUpdates, listAgents, searchHistory]
  }

  /// For tools that a client must not leave to a search for tools.
  static let alwaysLoaded: JSONObject = ["anthropic/alwaysLoad": true]

  /// Runs a call whose result shows messages, without adding unread counts.
  func answer<Output>(
    _ call: ToolCall, _ body: () async throws -> ToolReply<Output>
  ) async throws -> ToolReply<Output> {
    introduce(call.client)
    do {
      return try await CallStart.with(call.arrival) { try await body() }
    } catch let error as BridgeError { throw ToolFailure(error.message) }
  }

  /// Runs a call, and adds the agent's unread counts to its result.
  ///
  /// - Parameter counted: the counts in the output, where the store has counted already.
  func answerWithUnread<Output>(
    _ call: ToolCall, counted: (Output) -> UnreadCounts? = { _ in nil }, _ body: () async throws -> ToolReply<Output>
  ) async throws -> ToolReply<WithUnread<Output>> {
    let reply = try await answer(call, body)
    let unread: UnreadCounts
    if let counts = counted(reply.output) {
      unread = counts
    } else {
      unread = await CallStart.with(call.arrival) { await service.unreadIfKnown(logger) }
    }
    return reply.map { WithUnread($0, unread) }
  }

  /// Publishes which client the agent runs in, concurrently with the call.
  private func introduce(_ client: ClientInfo?) {
    guard let client else { return }
    let whole = [client.name, client.version].compactMap(\.self).joined(separator: " ")
    let name = PeerText.firstLine(of: whole, limit: Limits.shownName)
    guard service.instance.client != name else { return }
    Task { await service.clientIs(name) }
  }

  /// A reply that confirms its lease once written, and otherwise returns it.
  func reply<Output>(_ output: Output, lease: String?) -> ToolReply<Output> {
    guard let lease else { return ToolReply(output) }
    return ToolReply(output, delivered: { await service.delivered(lease) }, undelivered: { await service.undelivered(lease) })
  }
}

extension BridgeService {
  /// Nothing if it cannot be counted: what a call has done must be told in any case.
  public func unreadIfKnown(_ logger: Logger) async -> UnreadCounts {
    do { return try await unreadCounts() } catch {
      logger.debug("counting what is unread failed", metadata: ["error": "\(error)"])
      return UnreadCounts()
    }
  }
}

/// The parameters that several tools share. They decide on types; the rules for names and texts are Bridge's.
enum Parameters {
  static let to = Parameter.string("to", aliases: ["recipient"], "The other agent's name.")
    .mapping(to: "an agent's name of \(NameRule.form)") { try? Identity($0) }

  static let audience = Parameter.string("to", aliases: ["recipient"], "The other agent's name, or * for every other agent.")
    .mapping(to: "an agent's name of \(NameRule.form), or *") { try? Audience($0) }

  static let idempotencyKey = Parameter.string("idempotency_key", "A repeat with the same key does nothing new.").optional()

  static func limit(_ standard: Int) -> Parameter<Int> {
    .integer("limit", "At most this many.", in: Limits.pageSize, default: standard)
  }
}
