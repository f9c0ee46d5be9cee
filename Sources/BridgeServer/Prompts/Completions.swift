import Bridge
import MCP

/// Completions of what a user types.
struct Completions: Sendable {
  let service: BridgeService

  var agentName: CompletionProvider {
    { beginning, _ in
      try await service.agents().map(\.name).filter { $0.hasPrefix(beginning) && $0 != service.identity.name }
    }
  }

  /// Tasks of both roles, newest first.
  var taskID: CompletionProvider {
    { beginning, _ in
      var ids = [String]()
      for role in TaskRole.allCases {
        let page = try await service.tasks(role: role, limit: Limits.pageSize.upperBound, characters: .max, markSeen: false)
        ids += page.tasks.compactMap(\.id)
      }
      return ids.reversed().filter { $0.lowercased().hasPrefix(beginning.lowercased()) }
    }
  }
}
