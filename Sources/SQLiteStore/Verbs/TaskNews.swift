import Bridge
import GRDB

/// Tasks that are news for an agent: triggers keep their details in step with the table of tasks. `?1` is the agent, `?2` the viewer.
enum TaskNews {
  /// The sides of a task, and whether its news is kept for another session.
  private static let sides = [
    (news: "d.assignee_news = 1 AND d.assignee = ?1", kept: kept(for: "d.holder_session || json_extract(?2, '$.instance')")),
    (news: "d.creator_news = 1 AND d.creator = ?1", kept: kept(for: "substr(d.task_id, -\(Stamp.length))")),
  ]
  private static let visible = sides.map { "task_details d WHERE \($0.news) AND NOT \($0.kept)" }

  private static func kept(for mark: String) -> String {
    ViewerParameter.keeps(mark, until: "strftime('%Y-%m-%dT%H:%M:%fZ', d.news_at, json_extract(?2, '$.reservation'))")
  }

  /// The tasks, in the order of their creation.
  static func rows(for agent: Identity, _ viewer: ViewerParameter, limit: Int, _ db: Database) throws -> RowCursor {
    let first = visible.map { "SELECT * FROM (SELECT d.task_id FROM \($0) ORDER BY d.rowid LIMIT ?3)" }
    return try db.rows(
      "SELECT \(SQL.taskColumns) FROM \(SQL.tasks) WHERE t.id IN (\(first.joined(separator: " UNION ALL "))) ORDER BY t.rowid LIMIT ?3",
      [agent.name, viewer.text, limit])
  }

  static func exist(for agent: Identity, _ viewer: ViewerParameter, _ db: Database) throws -> Bool {
    try visible.contains { try db.exists($0, [agent.name, viewer.text]) }
  }

  /// Whether there are any, whoever sees them.
  static let any = "(\(sides.map { "EXISTS (SELECT 1 FROM task_details d WHERE \($0.news))" }.joined(separator: " OR ")))"

  /// How many there are, up to `?2` of each side, whoever sees them. A task may be news for both of its sides.
  static let count: String = {
    let counts = sides.map { "(SELECT COUNT(*) FROM (SELECT 1 FROM task_details d WHERE \($0.news) LIMIT ?2))" }
    let first = "SELECT d.creator_news AS news, d.creator FROM task_details d WHERE \(sides[0].news) LIMIT ?2"
    return "\(counts[0]) + \(counts[1]) - (SELECT COUNT(*) FROM (\(first)) WHERE news = 1 AND creator = ?1)"
  }()

  /// How many of them are kept for other sessions. Only what became news of late can be.
  static let countElsewhere: String = sides.indices.map { index in
    let recent = "d.news_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', json_extract(?2, '$.memory'))"
    let other = index == 0 ? "+d.creator_news = 1 AND +d.creator IS ?1" : "+d.assignee_news = 1 AND +d.assignee IS ?1"
    return "(SELECT COUNT(*) FROM task_details d WHERE \(sides[index].news) AND \(recent) AND \(sides[index].kept) AND NOT (\(other)))"
  }.joined(separator: " + ")

  /// The items of the news that a viewer sees of a task, for a lease; `?3` is the lease, and `?4` the task's row.
  static let items = zip([LeaseItem.assigneeNews, .creatorNews], sides).map { item, side in
    """
    INSERT INTO lease_items (lease, kind, row, id) SELECT ?3, '\(item.rawValue)', t.rowid, t.id FROM tasks t JOIN task_details d ON d.task_id = t.id
    WHERE t.rowid = ?4 AND \(side.news) AND NOT \(side.kept)
    """
  }

  /// Whether a viewer sees news of a task that a row shows.
  static func isNews(_ row: Row, for agent: Identity, _ viewer: ViewerParameter, _ db: Database) throws -> Bool {
    guard row.flag("assignee_news") && row.text("recipient") == agent.name || row.flag("creator_news") && row.text("sender") == agent.name
    else { return false }
    let id: DatabaseValue = row["id"]
    return try visible.contains { try db.exists("\($0) AND d.task_id = ?3", [agent.name, viewer.text, id]) }
  }
}
