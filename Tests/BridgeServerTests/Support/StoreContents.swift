import Bridge

/// What agents have written into a store.
struct StoreContents: Hashable, Sendable {
  let messages: [Message]
  let tasks: [BridgeTask]

  init(_ home: TemporaryStore) async throws {
    var messages = Set<Message>()
    var tasks = Set<BridgeTask>()
    for agent in Identity.wellKnown {
      messages.formUnion(try await home.store.history(HistoryQuery(agent: agent, limit: 200)).messages)
      for role in TaskRole.allCases {
        tasks.formUnion(try await home.store.tasks(TaskQuery(agent: agent, role: role, limit: 200)).tasks)
      }
    }
    self.messages = messages.sorted { ($0.id ?? "") < ($1.id ?? "") }
    self.tasks = tasks.sorted { ($0.id ?? "") < ($1.id ?? "") }
  }
}
