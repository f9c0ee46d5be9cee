import Bridge
import GRDB

/// One of the two tables of a transcript.
struct TranscriptTable: Sendable {
  /// Rows of a page: a message has up to 256 KiB.
  private static let page = 100
  /// Most agents that have many tasks have some among this many events. The others' events are found by their tasks.
  private static let nearRows = 2_000

  private let source: String
  private let columns: String
  private let number: String
  private let time: String
  private let identity: String
  /// Whether a row is for the agent `?1`.
  private let isFor: String
  /// Ways to find the numbers of the rows next to a place for the agent `:me`; where one finds less than was asked for, the next one finds all.
  private let ofAgent: @Sendable (_ newestFirst: Bool) -> [String]
  private let event: @Sendable (Row) -> TranscriptEntry.Event

  static let messages = TranscriptTable(
    source: SQL.messages, columns: SQL.messageColumns, number: "m.rowid",
    time: "CASE WHEN m.created_at LIKE '%-%' THEN (julianday(m.created_at) - 2440587.5) * 86400 END",
    identity: "quote(m.id) || quote(m.sender) || quote(m.recipient) || quote(m.created_at)",
    isFor: "(m.sender = ?1 OR m.recipient = ?1)",
    ofAgent: { newestFirst in
      let (rest, turn) = (side(of: "m.rowid", newestFirst), newestFirst ? "DESC" : "")
      let (with, parts) = SQL.messagesOfAgent(with: rest, newestFirst: newestFirst)
      let union = parts.map { "SELECT m.rowid AS number FROM \($0) AND \(rest)" }.joined(separator: " UNION ALL ")
      return ["\(with) SELECT number FROM (\(union) ORDER BY number \(turn) LIMIT :limit)"]
    },
    event: { .message(Message(fieldsOf: $0).excerpted) }
  )

  static let events = TranscriptTable(
    source: "task_events e LEFT JOIN tasks t ON t.id = e.task_id",
    columns: "\(TaskEvent.selected(from: "e")), e.task_id, t.title, t.sender, t.recipient", number: "e.seq",
    time: "(julianday(e.at) - 2440587.5) * 86400",
    identity: "quote(e.task_id) || quote(e.at) || quote(e.to_status)",
    isFor: "(t.sender = ?1 OR t.recipient = ?1)",
    ofAgent: { newestFirst in
      let (rest, turn) = (side(of: "e.seq", newestFirst), newestFirst ? "DESC" : "")
      let near = "SELECT e.seq, e.task_id FROM task_events e WHERE \(rest) ORDER BY e.seq \(turn) LIMIT \(nearRows)"
      let union = ["sender", "recipient"].map {
        "SELECT e.seq AS number FROM tasks t CROSS JOIN task_events e ON e.task_id = t.id WHERE t.\($0) = :me AND \(rest)"
      }.joined(separator: " UNION ")
      return [
        """
        SELECT near.seq FROM (\(near)) AS near CROSS JOIN tasks t ON t.id = near.task_id
        WHERE t.sender = :me OR t.recipient = :me ORDER BY near.seq \(turn) LIMIT :limit
        """,
        "SELECT number FROM (\(union)) ORDER BY number \(turn) LIMIT :limit",
      ]
    },
    event: { row in
      let task = BridgeTask(
        id: row.text("task_id"), sender: row.text("sender"), recipient: row.text("recipient"), title: row.text("title"))
      return .task(task, TaskEvent(fieldsOf: row, from: 0))
    }
  )

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

  // MARK: Pages

  /// The condition for the rows on one side of the place `:place`.
  private static func side(of number: String, _ isOlder: Bool) -> String { "\(number) \(isOlder ? "<=" : ">") :place" }

  /// The rows next to a place, in order.
  func rows(_ limit: Int, isOlder: Bool, than place: Int64, for agent: String?, _ db: Database) throws -> [TranscriptRow] {
    let turn = isOlder ? "DESC" : ""
    let all = "SELECT \(number) FROM \(source) WHERE \(Self.side(of: number, isOlder)) ORDER BY \(number) \(turn) LIMIT :limit"
    var numbers: [Int64] = []
    for statement in agent == nil ? [all] : ofAgent(isOlder) where numbers.count < limit {
      let arguments: [String: (any DatabaseValueConvertible)?] = agent == nil ? [:] : ["me": agent]
      numbers = try Int64.fetchAll(
        db.cachedStatement(sql: statement), arguments: StatementArguments(arguments.merging(["place": place, "limit": limit]) { $1 }))
    }
    let found = "SELECT value FROM json_each(?)"
    return try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT \(columns), \(number) AS number, \(time) AS time FROM \(source) WHERE \(number) IN (\(found)) ORDER BY \(number)"),
      arguments: ["\(numbers)"]
    ).map { row in
      let time: Double? = row["time"]
      return TranscriptRow(number: row["number"], time: time, entry: TranscriptEntry(event(row), time: time))
    }
  }

  /// The time of a row, or of one of those before it that has one.
  func time(of row: Int64, _ db: Database) throws -> Double? {
    try db.value(
      """
      SELECT time FROM (SELECT \(number) AS number, \(time) AS time FROM \(source) WHERE \(number) <= ? ORDER BY \(number) DESC LIMIT 100)
      WHERE time IS NOT NULL ORDER BY number DESC LIMIT 1
      """, [row])
  }

  /// The last row before a time, given that times follow the numbers; the least number if there is none.
  func lastRow(before seconds: Double, _ db: Database) throws -> Int64 {
    guard let first: Int64 = try db.value("SELECT \(number) FROM \(source) ORDER BY \(number) LIMIT 1") else { return .min }
    var (low, high) = (max(first, .min + 1) - 1, try end(db))
    // Those up to `low` are before it, and those above `high` are not.
    while low < high {
      let middle = high - Int64(UInt64(bitPattern: high &- low) / 2)
      let row = try db.row(
        "SELECT \(number) AS number, \(time) AS time FROM \(source) WHERE \(number) BETWEEN ? AND ? ORDER BY \(number) LIMIT 1",
        [middle, high])
      if let row, row["time"] as Double? ?? seconds < seconds { low = row["number"] } else { high = middle - 1 }
    }
    return low
  }
}
