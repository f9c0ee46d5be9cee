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

  /// Whether there is news for any agent: mostly there is none, and then no join is needed.
  private static func isAny(_ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM task_details WHERE assignee_news = 1) OR EXISTS (SELECT 1 FROM task_details WHERE creator_news = 1)
          """)) ?? false
  }

  /// The rows of the tasks, in the order of their creation.
  static func rows(for agent: Identity, limit: Int, _ db: Database) throws -> [Int64] {
    guard try isAny(db) else { return [] }
    return try Int64.fetchAll(
      db.cachedStatement(sql: "SELECT DISTINCT row FROM (\(all)) ORDER BY row LIMIT ?2"), arguments: [agent.name, limit])
  }

  static func count(for agent: Identity, _ db: Database) throws -> Int {
    guard try isAny(db) else { return 0 }
    return try Int.fetchOne(db.cachedStatement(sql: "SELECT COUNT(DISTINCT row) FROM (\(all))"), arguments: [agent.name]) ?? 0
  }

  static func task(_ id: String, _ db: Database) throws -> BridgeTask? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id = ?"), arguments: [id]
    ).map(BridgeTask.init)
  }

  static func task(row: Int64, _ db: Database) throws -> BridgeTask? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.rowid = ?"), arguments: [row]
    ).map(BridgeTask.init)
  }

  /// Whether a task is news for an agent that stands on one of its sides.
  static func isNews(_ row: Row, for agent: Identity) -> Bool {
    row.flag("assignee_news") && row.text("recipient") == agent.name || row.flag("creator_news") && row.text("sender") == agent.name
  }
}
