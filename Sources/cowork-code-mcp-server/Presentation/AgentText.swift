import Bridge

extension [AgentSummary] {
  /// For people: a table in which a star marks the acting agent.
  func shown(for acting: Identity) -> String {
    table(
      self,
      [
        .name { $0.name + ($0.name == acting.name ? " *" : "") },
        .presence { $0.online },
        TableColumn("UNREAD", .right) { String($0.unreadMessages) }, TableColumn("OPEN TASKS", .right) { String($0.openTasks) },
        TableColumn("LAST SEEN") { $0.lastSeen }, TableColumn("HOST") { $0.host }, TableColumn("CLIENT") { $0.client },
      ])
  }
}
