import Bridge
import GRDB

/// The rest of one part of an agent's list of tasks, or everybody's. Each statement follows an index.
struct TaskList {
  private let place: TaskCursor
  private let query: TaskQuery
  private let arguments: StatementArguments

  init(_ place: TaskCursor, _ query: TaskQuery) {
    (self.place, self.query) = (place, query)
    arguments =
      StatementArguments(query.agent.map { [$0.name] } ?? []) + [place.row] + StatementArguments(query.status.map { [$0.rawValue] } ?? [])
  }

  /// - Parameter isOpen: whether only open tasks are meant. Few are open, and an index has them.
  private func condition(isOpen: Bool) -> String {
    let side = query.agent == nil ? "" : query.role == .assignee ? "t.recipient = ? AND " : "t.sender = ? AND "
    let number = isOpen && query.agent == nil ? "+t.rowid" : "t.rowid"
    return "\(side)\(number) \(place.part == .open ? ">" : "<") ?" + (query.status == nil ? "" : " AND t.status = ?")
      + (isOpen ? " AND \(SQL.isOpen)" : "")
  }

  func rows(limit: Int, _ db: Database) throws -> RowCursor {
    let isOpen = place.part == .open && (query.status == nil || query.agent == nil)
    let order = isOpen && query.agent == nil ? "+t.rowid" : "t.rowid"
    return try db.rows(
      """
      SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE \(condition(isOpen: isOpen))
      \(place.part == .ended && query.status == nil ? "AND \(SQL.hasEnded)" : "")
      ORDER BY \(order) \(place.part == .open ? "" : "DESC") LIMIT ?
      """, arguments + [limit])
  }

  /// Of all tasks and of the open ones: no index counts those that have ended.
  ///
  /// - Parameter most: tasks beyond these are not counted.
  func count(upTo most: Int, _ db: Database) throws -> Int {
    func count(isOpen: Bool, beside others: Int = 0) throws -> Int {
      try db.count(of: "tasks t WHERE \(condition(isOpen: isOpen))", arguments, upTo: most + others)
    }
    if query.status != nil { return try count(isOpen: place.part == .open && query.agent == nil) }
    if place.part == .open { return try count(isOpen: true) }
    let open = try db.count(of: "tasks t WHERE \(condition(isOpen: true))", arguments)
    return try count(isOpen: false, beside: open) - open
  }
}
