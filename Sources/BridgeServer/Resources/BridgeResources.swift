import Bridge
import MCP

/// The bridge as MCP resources. Reading one marks nothing.
struct BridgeResources: Sendable {
  /// What a URI of the bridge names.
  enum Name: Hashable, Sendable {
    case inbox, tasks, agents
    case message(String)
    case task(String)
  }

  let service: BridgeService

  private static let fixed: [(name: Name, uri: String, title: String, description: String)] = [
    (.inbox, "bridge://inbox", "Inbox", "Unread messages."),
    (.tasks, "bridge://tasks", "Tasks", "Tasks that are assigned to this agent."),
    (.agents, "bridge://agents", "Agents", "Who is on the bridge."),
  ]

  var all: [Resource] {
    Self.fixed.map { name, uri, title, description in
      Resource(uri, name: "\(name)", title: title, description: description, mimeType: "application/json") { _ in
        try await text(of: name)
      }
    } + [message, task]
  }

  private var message: Resource {
    Resource("bridge://messages/{id}", name: "message", title: "A message", mimeType: "application/json") { id in
      try await text(of: .message(id))
    }
  }

  private var task: Resource {
    Resource(
      "bridge://tasks/{id}", name: "task", title: "A task and its history", mimeType: "application/json",
      complete: service.taskID
    ) { id in
      try await text(of: .task(id))
    }
  }

  func name(of uri: String) -> Name? {
    if let resource = Self.fixed.first(where: { $0.uri == uri }) { return resource.name }
    if let id = message.variable(of: uri) { return .message(id) }
    return task.variable(of: uri).map { .task($0) }
  }

  /// The present contents; nil if there is no such resource.
  private func text(of name: Name) async throws -> String? {
    do {
      switch name {
      case .inbox: return marked(MessagesOutput(try await service.readMessages(markRead: false, limit: Limits.pageSize.upperBound)))
      case .tasks: return marked(TasksOutput(try await service.tasks(limit: Limits.pageSize.upperBound, markSeen: false)))
      case .agents: return marked(AgentsOutput(try await service.agents(), for: service.identity))
      case .message(let id): return try await service.message(id).map { marked(HistoryEntry(message: $0)) }
      case .task(let id): return marked(TasksOutput(try await service.task(id, markSeen: false)))
      }
    } catch let error as BridgeError {
      // An id that cannot be one names nothing.
      if error.code == .notFound || error.code == .invalidValue { return nil }
      throw RPCError(error.code == .ambiguous ? .invalidParams : .internalError, error.message)
    }
  }

  private func marked(_ output: some AgentsText) -> String { Marked(output, for: service.identity).jsonText }

  /// What has to differ for subscribers to be told: the contents without the times of heartbeats.
  func state(of uri: String) async -> String? {
    guard let name = name(of: uri) else { return nil }
    guard name == .agents else { return try? await text(of: name) }
    guard let agents = try? await service.agents().agents else { return nil }
    return agents.map { "\($0.name) \($0.online) \($0.unreadMessages) \($0.openTasks)" }.joined(separator: "\n")
  }
}
