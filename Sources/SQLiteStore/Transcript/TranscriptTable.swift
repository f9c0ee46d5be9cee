import Bridge
import GRDB

/// One of the two tables of a transcript.
struct TranscriptTable: Sendable {
  /// Rows of a page: a message has up to 256 KiB.
  private static let page = 100

  private let source: String
  private let columns: String
  private let number: String
  private let time: String
  private let identity: String
  /// Whether a row is for the agent `?1`.
  private let isFor: String
  private let event: @Sendable (Row) -> TranscriptEntry.Event

  static let messages = TranscriptTable(
    source: SQL.messages, columns: SQL.messageColumns, number: "m.rowid",
    time: "CASE WHEN m.created_at LIKE '%-%' THEN (julianday(m.created_at) - 2440587.5) * 86400 END",
    identity: "quote(m.id) || quote(m.sender) || quote(m.recipient) || quote(m.created_at)",
    isFor: "(m.sender = ?1 OR m.recipient = ?1)"
  ) { .message(Message(fieldsOf: $0)) }

  static let events = TranscriptTable(
    source: "task_events e LEFT JOIN tasks t ON t.id = e.task_id",
    columns: "\(TaskEvent.selected(from: "e")), e.task_id, t.title, t.sender, t.recipient", number: "e.seq",
    time: "(julianday(e.at) - 2440587.5) * 86400",
    identity: "quote(e.task_id) || quote(e.at) || quote(e.to_status)",
    isFor: "(t.sender = ?1 OR t.recipient = ?1 OR e.actor = ?1)"
  ) { row in
    let task = BridgeTask(
      id: row.text("task_id"), sender: row.text("sender"), recipient: row.text("recipient"), title: row.text("title"))
    return .task(task, TaskEvent(fieldsOf: row, from: 0))
  }

  func has(_ row: RowTrail.Row, _ db: Database) throws -> Bool {
    try db.value("SELECT \(identity) FROM \(source) WHERE \(number) = ?", [row.number]) == row.identity
  }

  /// The next rows.
  func rows(after trail: RowTrail, for agent: Identity?, _ db: Database) throws -> TranscriptRows<RowTrail> {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT \(columns), \(number) AS number, \(time) AS time, \(identity) AS identity, ?1 IS NULL OR \(isFor) AS is_for
          FROM \(source) WHERE \(number) > ?2 ORDER BY \(number) LIMIT ?3
          """), arguments: [agent?.name, trail.mark, Self.page + 1])
    let page = rows.prefix(Self.page).map { row in
      let time: Double? = row["time"]
      return TranscriptRow(
        number: row["number"], time: time, identity: row["identity"] ?? "",
        entry: row.flag("is_for") ? TranscriptEntry(event(row), time: time) : nil)
    }
    return TranscriptRows(rows: page, isWhole: rows.count <= Self.page, mark: trail)
  }

  /// The trail of the rows up to a number.
  func trail(upTo end: Int64, _ db: Database) throws -> RowTrail {
    let rows = try db.rows(
      "SELECT \(number) AS number, \(identity) AS identity FROM \(source) WHERE \(number) <= ? ORDER BY \(number) DESC LIMIT ?",
      [end, RowTrail.capacity])
    return RowTrail(try Array(rows.map { RowTrail.Row(number: $0["number"], identity: $0["identity"] ?? "") }).reversed())
  }

  /// The greatest number; 0 without rows.
  func end(_ db: Database) throws -> Int64 {
    try db.value("SELECT \(number) FROM \(source) ORDER BY \(number) DESC LIMIT 1") ?? 0
  }

  /// The newest `start.last` rows for an agent, in order, or else the first one.
  func edge(of start: TranscriptStart, for agent: Identity?, _ db: Database) throws -> [TranscriptRow] {
    let rows = try db.rows(
      """
      SELECT \(number) AS number, \(time) AS time FROM \(source) WHERE (?1 IS NULL OR \(isFor)) AND (?2 IS NULL OR \(time) >= ?2)
      ORDER BY \(number) \(start.last == nil ? "" : "DESC") LIMIT ?3
      """, [agent?.name, start.since, start.last ?? 1])
    return try Array(rows.map { TranscriptRow(number: $0["number"], time: $0["time"]) }).reversed()
  }
}
