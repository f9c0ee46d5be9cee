import Bridge
import GRDB

/// One of the two tables that a transcript is made of, as its statements see it.
struct TranscriptTable: Sendable {
  /// Rows of one page: a message has up to 256 KiB.
  private static let page = 100

  private let name: String
  private let source: String
  private let columns: String
  private let number: String
  private let time: String
  private let identity: String
  /// Whether a row is for the agent `?1`.
  private let isFor: String
  private let event: @Sendable (Row) -> TranscriptEntry.Event

  static let messages = TranscriptTable(
    name: "messages", source: SQL.messages, columns: SQL.messageColumns, number: "m.rowid",
    time: "CASE WHEN m.created_at LIKE '%-%' THEN (julianday(m.created_at) - 2440587.5) * 86400 END",
    identity: "quote(m.id) || quote(m.sender) || quote(m.recipient) || quote(m.created_at)",
    isFor: "(m.sender = ?1 OR m.recipient = ?1)"
  ) { .message(Message($0)) }

  static let events = TranscriptTable(
    name: "task_events", source: "task_events e LEFT JOIN tasks t ON t.id = e.task_id",
    columns: "e.task_id, t.title, t.sender, t.recipient, \(TaskEvent.selected(from: "e"))", number: "e.seq",
    time: "(julianday(e.at) - 2440587.5) * 86400",
    identity: "quote(e.task_id) || quote(e.at) || quote(e.to_status)",
    isFor: "(t.sender = ?1 OR t.recipient = ?1 OR e.actor = ?1)"
  ) { row in
    let task = BridgeTask(
      id: row.text("task_id"), sender: row.text("sender"), recipient: row.text("recipient"), title: row.text("title"))
    return .task(task, TaskEvent(fieldsOf: row))
  }

  func has(_ row: RowTrail.Row, _ db: Database) throws -> Bool {
    try String.fetchOne(
      db.cachedStatement(sql: "SELECT \(identity) FROM \(source) WHERE \(number) = ?"), arguments: [row.number]) == row.identity
  }

  /// The next rows.
  func rows(
    after mark: Int64, for agent: Identity?, _ db: Database
  ) throws -> (rows: [TranscriptRow], trail: [RowTrail.Row], isWhole: Bool) {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT \(columns), \(number) AS number, \(time) AS time, \(identity) AS identity, ?1 IS NULL OR \(isFor) AS is_for
          FROM \(source) WHERE \(number) > ?2 ORDER BY \(number) LIMIT ?3
          """), arguments: [agent?.name, mark, Self.page + 1])
    let page = rows.prefix(Self.page)
    return (
      page.map { row in
        let time: Double? = row["time"]
        return TranscriptRow(
          number: row["number"], time: time, entry: row.flag("is_for") ? TranscriptEntry(event(row), time: time) : nil)
      }, page.map(Self.trail), rows.count <= Self.page
    )
  }

  /// The last rows up to a number, as many as a trail holds.
  func trail(upTo end: Int64, _ db: Database) throws -> [RowTrail.Row] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT \(number) AS number, \(identity) AS identity FROM \(source) WHERE \(number) <= ? ORDER BY \(number) DESC LIMIT ?"),
      arguments: [end, RowTrail.capacity]
    ).reversed().map(Self.trail)
  }

  private static func trail(_ row: Row) -> RowTrail.Row { RowTrail.Row(number: row["number"], identity: row["identity"] ?? "") }

  private var isWanted: String { "(?1 IS NULL OR \(isFor)) AND (?2 IS NULL OR \(time) >= ?2)" }

  /// The last rows for an agent, in order.
  func last(_ count: Int, since: Double?, for agent: Identity?, _ db: Database) throws -> [TranscriptRow] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT \(number) AS number, \(time) AS time FROM \(source) WHERE \(isWanted) ORDER BY \(number) DESC LIMIT ?3"),
      arguments: [agent?.name, since, count]
    ).reversed().map { TranscriptRow(number: $0["number"], time: $0["time"]) }
  }

  /// The number of the first row for an agent.
  func first(since: Double?, for agent: Identity?, _ db: Database) throws -> Int64? {
    try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT MIN(\(number)) FROM \(source) WHERE \(isWanted)"), arguments: [agent?.name, since])
  }
}
