import Bridge
import GRDB

/// The rest of one part of an agent's list of tasks. Each statement follows an index.
struct TaskList {
  private let mine: String
  private let part: TaskCursor.Part
  private let arguments: StatementArguments
  private let hasStatus: Bool

  init(side: String, _ place: TaskCursor, _ query: TaskQuery) {
    part = place.part
    hasStatus = query.status != nil
    mine = "t.\(side) = ? AND t.rowid \(part == .open ? ">" : "<") ?" + (hasStatus ? " AND t.status = ?" : "")
    arguments = StatementArguments([query.agent.name]) + [place.row] + StatementArguments(query.status.map { [$0.rawValue] } ?? [])
  }

  func rows(limit: Int, _ db: Database) throws -> RowCursor {
    let condition = hasStatus ? "" : " AND " + (part == .open ? SQL.isOpen : SQL.hasEnded)
    return try db.rows(
      """
      SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE \(mine)\(condition) ORDER BY t.rowid \(part == .open ? "" : "DESC") LIMIT ?
      """, arguments + [limit])
  }

  /// Of all tasks and of the open ones: no index counts those that have ended.
  func count(_ db: Database) throws -> Int {
    let all = "tasks t WHERE \(mine)"
    if hasStatus { return try db.count(of: all, arguments) }
    let open = try db.count(of: "\(all) AND \(SQL.isOpen)", arguments)
    return part == .open ? open : try db.count(of: all, arguments) - open
  }
}
