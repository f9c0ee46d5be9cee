import Bridge
import GRDB

/// Tasks that are news for an agent: triggers keep their details in step with the table of tasks.
enum TaskNews {
  private static let assigned = "task_details d WHERE d.assignee_news = 1 AND d.assignee = ?1"
  private static let created = "task_details d WHERE d.creator_news = 1 AND d.creator = ?1"

  /// The tasks, in the order of their creation.
  static func rows(for agent: Identity, limit: Int, _ db: Database) throws -> RowCursor {
    let first = [assigned, created].map { "SELECT * FROM (SELECT d.task_id FROM \($0) ORDER BY d.rowid LIMIT ?2)" }
    return try db.rows(
      "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id IN (\(first.joined(separator: " UNION ALL "))) ORDER BY t.rowid LIMIT ?2",
      [agent.name, limit])
  }

  static func exist(for agent: Identity, _ db: Database) throws -> Bool {
    try db.exists(assigned, [agent.name]) || db.exists(created, [agent.name])
  }

  /// How many there are for the agent `?1`. A task may be news for both of its sides.
  static let count: String = {
    let both = "\(assigned) AND +d.creator_news = 1 AND +d.creator = ?1"
    let counts = [assigned, created, both].map { "(SELECT COUNT(*) FROM \($0))" }
    return "\(counts[0]) + \(counts[1]) - \(counts[2])"
  }()

  /// Whether a task is news for an agent that stands on one of its sides.
  static func isNews(_ row: Row, for agent: Identity) -> Bool {
    row.flag("assignee_news") && row.text("recipient") == agent.name || row.flag("creator_news") && row.text("sender") == agent.name
  }
}
