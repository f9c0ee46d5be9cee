import Bridge
import GRDB

/// Tasks that are news for an agent.
enum TaskNews {
  /// The sides of tasks that are news for the agent `?1`. CROSS JOIN: first the few that are news, rather than all tasks of the agent.
  static let all = """
    SELECT t.rowid AS row, t.id AS id, 'assignee' AS side FROM task_details d CROSS JOIN tasks t ON t.id = d.task_id
      WHERE d.assignee_news = 1 AND t.recipient = ?1
    UNION ALL
    SELECT t.rowid AS row, t.id AS id, 'creator' AS side FROM task_details d CROSS JOIN tasks t ON t.id = d.task_id
      WHERE d.creator_news = 1 AND t.sender = ?1
    """

  /// The tasks, in the order of their creation.
  static func rows(for agent: Identity, limit: Int, _ db: Database) throws -> RowCursor {
    try db.rows(
      "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.rowid IN (SELECT row FROM (\(all))) ORDER BY t.rowid LIMIT ?2",
      [agent.name, limit])
  }

  static func count(for agent: Identity, _ db: Database) throws -> Int {
    try db.value("SELECT COUNT(DISTINCT row) FROM (\(all))", [agent.name]) ?? 0
  }

  /// Whether a task is news for an agent that stands on one of its sides.
  static func isNews(_ row: Row, for agent: Identity) -> Bool {
    row.flag("assignee_news") && row.text("recipient") == agent.name || row.flag("creator_news") && row.text("sender") == agent.name
  }
}
