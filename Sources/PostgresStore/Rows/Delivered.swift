import Bridge
import PostgresClient

/// What a lease covers.
struct Delivered: Sendable {
  var messages: [Int64] = []
  var assigneeTasks: [String] = []
  var creatorTasks: [String] = []

  var hasTasks: Bool { !assigneeTasks.isEmpty || !creatorTasks.isEmpty }
  var isEmpty: Bool { messages.isEmpty && !hasTasks }

  init() {}

  /// The sides of a task on which an agent stands and has not looked.
  mutating func addUnseen(_ row: PostgresRow, by agent: Identity) throws {
    guard let id: String = try row.get("id") else { return }
    if try row.get("assignee_unseen", as: Int?.self) == 1, try row.get("recipient", as: String?.self) == agent.name {
      assigneeTasks.append(id)
    }
    if try row.get("creator_unseen", as: Int?.self) == 1, try row.get("sender", as: String?.self) == agent.name {
      creatorTasks.append(id)
    }
  }
}
