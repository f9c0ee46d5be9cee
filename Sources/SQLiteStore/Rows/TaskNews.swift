import Bridge
import GRDB

/// Tasks that are new for an agent, or changed and created by it.
enum TaskNews {
  // CROSS JOIN: first the few that are news, rather than all tasks of the agent.
  private static let news = """
    SELECT t.rowid AS row, t.id AS id, CAST(t.id AS BLOB) AS id_bytes, 'assignee' AS side FROM task_details d CROSS JOIN tasks t ON t.id = d.task_id
      WHERE d.assignee_unseen = 1 AND t.recipient = ?1
    UNION ALL
    SELECT t.rowid AS row, t.id AS id, CAST(t.id AS BLOB) AS id_bytes, 'creator' AS side FROM task_details d CROSS JOIN tasks t ON t.id = d.task_id
      WHERE d.creator_unseen = 1 AND t.sender = ?1
    """

  /// Whether anything is news for anybody: mostly nothing is, and then there is no need to join and to sort.
  private static func isAny(_ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM task_details WHERE assignee_unseen = 1) OR EXISTS (SELECT 1 FROM task_details WHERE creator_unseen = 1)
          """)) ?? false
  }

  /// In the order in which the tasks were created.
  static func references(for agent: Identity, limit: Int, _ db: Database) throws -> [Delivered.TaskReference] {
    guard try isAny(db) else { return [] }
    let statement = try db.cachedStatement(sql: "SELECT row, id, id_bytes, side FROM (\(news)) ORDER BY row, side LIMIT ?2")
    return try Row.fetchAll(statement, arguments: [agent.name, limit]).compactMap { row in
      Delivered.TaskReference.Side(rawValue: row["side"]).map { Delivered.TaskReference(task: Delivered.Reference(row), side: $0) }
    }
  }

  static func count(for agent: Identity, _ db: Database) throws -> Int {
    guard try isAny(db) else { return 0 }
    return try Int.fetchOne(db.cachedStatement(sql: "SELECT COUNT(DISTINCT row) FROM (\(news))"), arguments: [agent.name]) ?? 0
  }

  static func task(_ id: String, _ db: Database) throws -> BridgeTask? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id = ?"), arguments: [id]
    ).map(BridgeTask.init)
  }

  static func task(_ reference: Delivered.Reference, _ db: Database) throws -> BridgeTask? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.rowid = ?"), arguments: [reference.row]
    ).map(BridgeTask.init)
  }

  /// The sides of a task on which an agent stands and has not looked.
  static func unseen(_ row: Row, by agent: Identity) -> [Delivered.TaskReference] {
    let task = Delivered.Reference(row)
    var references = [Delivered.TaskReference]()
    if row.flag("assignee_unseen"), row.text("recipient") == agent.name { references.append(.init(task: task, side: .assignee)) }
    if row.flag("creator_unseen"), row.text("sender") == agent.name { references.append(.init(task: task, side: .creator)) }
    return references
  }
}
