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

  /// Messages and tasks can be longer than what clients show by default.
  static let largeResult: JSONObject = ["anthropic/maxResultSizeChars": 500_000]

  /// Carries out a call whose result shows messages: nothing is added to it.
  func answer<Output>(
    _ call: ToolCall, _ body: () async throws -> ToolReply<Output>
  ) async throws -> ToolReply<Output> {
    introduce(call.client)
    do { return try await body() } catch let error as BridgeError { throw ToolFailure(error.message) }
  }

  /// Carries out a call, and adds to its result what waits for the agent.
  func answerWithUnread<Output>(
    _ call: ToolCall, _ body: () async throws -> ToolReply<Output>
  ) async throws -> ToolReply<WithUnread<Output>> {
    let reply = try await answer(call, body)
    var unread = UnreadCounts()
    do { unread = try await service.unreadCounts() } catch {
      // The call itself is done, and its result must not be lost.
      logger.debug("counting what is unread failed", metadata: ["error": "\(error)"])
    }
    return reply.map { WithUnread($0, unread) }
  }

  /// Tells the others which client the agent runs in; beside the call.
  private func introduce(_ client: ClientInfo?) {
    guard let client else { return }
    let name = [client.name, client.version].compactMap(\.self).joined(separator: " ")
    guard service.instance.client != name else { return }
    Task { await service.clientIs(name) }
  }

  /// Leases end with the fate of the reply.
  func reply<Output>(_ output: Output, lease: String?) -> ToolReply<Output> {
    guard let lease else { return ToolReply(output) }
    return ToolReply(output, delivered: { await service.delivered(lease) }, undelivered: { await service.undelivered(lease) })
  }
}
