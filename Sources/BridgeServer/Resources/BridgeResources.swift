import Bridge
import MCP

/// The bridge as MCP resources. Reading one marks nothing.
struct BridgeResources: Sendable {
  static let inbox = "bridge://inbox"
  static let tasks = "bridge://tasks"
  static let agents = "bridge://agents"
  static let messagePrefix = "bridge://messages/"
  static let taskPrefix = "bridge://tasks/"

  let service: BridgeService

  var all: [Resource] {
    [
      Resource(Self.inbox, name: "inbox", title: "Inbox", description: "Unread messages.", mimeType: "application/json") { _ in
        try await contents(Self.inbox)
      },
      Resource(
        Self.tasks, name: "tasks", title: "Tasks", description: "Tasks that are assigned to this agent.", mimeType: "application/json"
      ) { _ in try await contents(Self.tasks) },
      Resource(
        Self.agents, name: "agents", title: "Agents", description: "Who is on the bridge.", mimeType: "application/json"
      ) { _ in try await contents(Self.agents) },
    ]
  }

  var templates: [ResourceTemplate] {
    [
      ResourceTemplate(
        Self.messagePrefix + "{id}", name: "message", title: "A message", mimeType: "application/json"
      ) { _, variables in
        try await found(Self.messagePrefix + (variables["id"] ?? ""))
      },
      ResourceTemplate(
        Self.taskPrefix + "{id}", name: "task", title: "A task and its history", mimeType: "application/json",
        completions: ["id": Completions(service: service).taskID]
      ) { _, variables in
        try await found(Self.taskPrefix + (variables["id"] ?? ""))
      },
    ]
  }

  private func contents(_ uri: String) async throws -> ResourceContents {
    guard let text = try await text(of: uri) else { throw RPCError(.internalError, "\(uri) is not there.") }
    return .text(text)
  }

  private func found(_ uri: String) async throws -> ResourceContents? { try await text(of: uri).map { .text($0) } }

  /// The present contents; nil if there is no such resource.
  func text(of uri: String) async throws -> String? {
    do {
      return try await contentsText(of: uri)
    } catch let error as BridgeError where error.code == .notFound {
      return nil
    } catch let error as BridgeError {
      throw RPCError(.internalError, error.message)
    }
  }

  private func contentsText(of uri: String) async throws -> String? {
    let me = service.identity
    switch uri {
    case Self.inbox:
      return marked(MessagesOutput(try await service.readMessages(markRead: false, limit: Limits.pageSize.upperBound)))
    case Self.tasks:
      return marked(TasksOutput(try await service.tasks(limit: Limits.pageSize.upperBound, markSeen: false)))
    case Self.agents:
      return AgentsOutput(try await service.agents(), for: me).jsonText
    default:
      if uri.hasPrefix(Self.messagePrefix) {
        let id = String(uri.dropFirst(Self.messagePrefix.count))
        return try await service.message(id).map { marked(MessageOutput($0, inHistory: true)) }
      }
      guard uri.hasPrefix(Self.taskPrefix) else { return nil }
      return marked(TasksOutput(try await service.task(String(uri.dropFirst(Self.taskPrefix.count)), markSeen: false)))
    }
  }

  private func marked(_ output: some AgentsText) -> String { Marked(output, for: service.identity).jsonText }

  /// What must change for subscribers to be notified: the contents without heartbeats.
  func state(of uri: String) async -> String? {
    guard uri == Self.agents else { return try? await text(of: uri) }
    guard let agents = try? await service.agents() else { return nil }
    return agents.map { "\($0.name) \($0.online) \($0.unreadMessages) \($0.openTasks)" }.joined(separator: "\n")
  }
}
