import Bridge
import PostgresClient

extension SQL {
  /// Which of the rows without an id that say the same this is.
  private static func occurrence(in table: String, _ alias: String, _ columns: [String]) -> String {
    let same = columns.map { "n.\($0) IS NOT DISTINCT FROM \(alias).\($0)" }.joined(separator: " AND ")
    return
      "CASE WHEN \(alias).id IS NULL THEN (SELECT count(*) FROM \(table) n WHERE n.id IS NULL AND n.seq <= \(alias).seq AND \(same)) END"
  }

  /// The columns of a message, and whether it is under a lease.
  var archivedMessages: String {
    """
    SELECT m.seq, m.id, m.sender, m.recipient, m.content, m.created_at, m.read, d.reply_to, d.task_id, d.idempotency_key,
      COALESCE(d.redelivered, 0) AS redelivered, \(SQL.rfc3339("d.read_at")) AS read_at,
      \(SQL.occurrence(in: messages, "m", ["sender", "recipient", "content", "created_at"])) AS occurrence,
      EXISTS (SELECT 1 FROM \(leaseItems) i WHERE i.kind = 'message' AND i.seq = m.seq) AS leased
    FROM \(messagesWithDetails)
    """
  }

  /// The columns of a task, and which news of it are under a lease.
  var archivedTasks: String {
    """
    SELECT t.seq, t.id, t.sender, t.recipient, t.title, t.description, t.status, t.created_at, t.updated_at, t.result, d.idempotency_key,
      d.holder, d.holder_process, CASE WHEN d.held_until = '-infinity' THEN '' ELSE \(SQL.rfc3339("d.held_until")) END AS held_until,
      COALESCE(d.assignee_news, 0) AS assignee_news, COALESCE(d.creator_news, 0) AS creator_news,
      \(SQL.occurrence(in: tasks, "t", ["sender", "recipient", "title", "description", "created_at"])) AS occurrence,
      EXISTS (SELECT 1 FROM \(leaseItems) i WHERE i.kind = 'assignee' AND i.seq = t.seq) AS assignee_leased,
      EXISTS (SELECT 1 FROM \(leaseItems) i WHERE i.kind = 'creator' AND i.seq = t.seq) AS creator_leased
    FROM \(tasksWithDetails)
    """
  }

  /// The next rows of a table, as many as fit; `$1` is the place, `$2` how many, `$3` how many bytes.
  func nextRows(of table: String, bytes: String) -> String {
    """
    SELECT seq FROM (
      SELECT seq, row_number() OVER (ORDER BY seq) AS number, sum(bytes) OVER (ORDER BY seq) AS bytes FROM (
        SELECT seq, \(bytes) AS bytes FROM \(table) WHERE seq > $1 ORDER BY seq LIMIT $2) AS following
    ) AS counted WHERE number = 1 OR bytes <= $3
    """
  }

  /// Everything that a whole store consists of.
  var allTables: [String] { [messages, messageDetails, tasks, taskDetails, taskEvents, leases, leaseItems, agents] }
}

extension ArchivedText {
  fileprivate init?(_ row: PostgresRow, _ column: String) throws {
    guard let text: String = try row.get(column) else { return nil }
    self.init(text)
  }
}

extension ArchivedMessage {
  /// - Parameter isSource: what is under a lease is unread elsewhere.
  init(_ row: PostgresRow, isSource: Bool) throws {
    let columns = try ["sender", "recipient", "content", "created_at"].map { try ArchivedText(row, $0) }
    let id = try ArchivedText(row, "id") ?? DerivedID.of(columns, occurrence: row.get("occurrence"))
    self.init(
      id: id, sender: columns[0], recipient: columns[1], content: columns[2], createdAt: columns[3], read: try row.get("read"),
      replyTo: try row.get("reply_to"), taskID: try row.get("task_id"), idempotencyKey: try row.get("idempotency_key"),
      readAt: try row.get("read_at"), redelivered: try row.get("redelivered", as: Int.self) != 0)
    if isSource, try row.get("leased", as: Bool.self) { giveBack() }
  }
}

extension ArchivedTask {
  /// Without its events.
  init(_ row: PostgresRow, isSource: Bool) throws {
    let fixed = try ["sender", "recipient", "title", "description", "created_at"].map { try ArchivedText(row, $0) }
    let id = try ArchivedText(row, "id") ?? DerivedID.of(fixed, occurrence: row.get("occurrence"))
    self.init(
      id: id, sender: fixed[0], recipient: fixed[1], title: fixed[2], description: fixed[3], status: try ArchivedText(row, "status"),
      createdAt: fixed[4], updatedAt: try ArchivedText(row, "updated_at"), result: try ArchivedText(row, "result"))
    idempotencyKey = try row.get("idempotency_key")
    holder = try row.get("holder")
    holderProcess = try row.get("holder_process")
    heldUntil = try row.get("held_until")
    func flag(_ side: String) throws -> Bool {
      if isSource, try row.get("\(side)_leased", as: Bool.self) { return true }
      return try row.get("\(side)_news", as: Int.self) != 0
    }
    assigneeUnseen = try flag("assignee")
    creatorUnseen = try flag("creator")
  }
}
