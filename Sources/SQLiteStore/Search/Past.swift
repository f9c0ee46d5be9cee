import Bridge
import GRDB

/// An agent's history: which rows of `messages` belong to it, newest first.
struct Past {
  private let query: HistoryQuery
  /// The number of the newest row that is old enough.
  private let newest: Int64
  /// The Julian day before which a message must have been created; nil if it does not matter.
  private let time: Double?

  /// - Throws: `invalidValue` when `before` is neither a message's id nor a time.
  init(_ query: HistoryQuery, _ db: Database) throws {
    self.query = query
    var (row, time): (Int64?, Double?) = (nil, nil)
    if let before = query.before {
      // julianday accepts 30 February.
      time = try db.value("SELECT julianday(?1) WHERE date(substr(?1, 1, 10), '+0 days') = substr(?1, 1, 10)", [before])
      let id = try IDReference(before, field: "before", to: .message).storedID(for: query.agent, isWhole: time != nil, db)
      row = try id.flatMap { try db.value("SELECT rowid FROM messages WHERE id = ?", [$0]) }
      if row != nil { time = nil }
      if row == nil, time == nil { throw BridgeError.notATimeOrID(before) }
    }
    newest = Self.numberBelow(row)
    self.time = time
  }

  /// The rows, of `:limit` at most. Each part of the union follows an index, so SQLite merges them from the newest row and stops early.
  ///
  /// - Parameters:
  ///   - row: only rows with a lower number.
  ///   - text: a text that the content contains literally.
  func rows(below row: Int64? = nil, containing text: String? = nil, limit: Int, _ db: Database) throws -> RowCursor {
    let rest = "\(Self.isOld) AND (:text IS NULL OR instr(m.content, :text) > 0)"
    var with = ""
    var parts: [String]
    if query.taskID != nil {
      // A task has few messages: scan all of them.
      parts = ["message_details d CROSS JOIN messages m ON m.id = d.message_id WHERE d.task_id = :task AND \(Self.isOfBoth)"]
    } else if let other = query.with {
      parts = ["messages m WHERE m.sender = :me AND m.recipient = :other"]
      if other != query.agent.name { parts.append("messages m WHERE m.sender = :other AND m.recipient = :me") }
    } else {
      let state = "COALESCE(m.read, 0)"
      let (sent, received) = ("m.sender = :me", "m.recipient = :me")
      with = """
        WITH RECURSIVE \(SQL.distinct("m.recipient", as: "recipients", where: sent)), \(SQL.distinct(state, as: "states", where: received))
        """
      parts = [
        ("recipients", "\(sent) AND m.recipient IS recipients.value"),
        ("states", "\(received) AND \(state) = states.value AND m.sender IS NOT :me"),
      ].map { values, condition in
        // Where the rows of one value are enough, no older ones are wanted.
        let last = "SELECT m.rowid FROM messages m WHERE \(condition) AND \(rest) ORDER BY m.rowid DESC LIMIT 1 OFFSET :limit - 1"
        let oldest = "SELECT COALESCE(MAX((\(last))), \(Int64.min)) FROM \(values)"
        return "\(values) CROSS JOIN messages m WHERE \(condition) AND m.rowid >= (\(oldest))"
      }
    }
    let union = parts.map { "SELECT m.rowid AS row FROM \($0) AND \(rest)" }
    return try db.rows(
      """
      \(with) SELECT \(SQL.messageColumns) FROM (\(union.joined(separator: " UNION ALL ")) ORDER BY row DESC LIMIT :limit) AS past
      JOIN messages m ON m.rowid = past.row LEFT JOIN message_details d ON d.message_id = m.id ORDER BY past.row DESC
      """, arguments(below: row, ["text": text, "limit": limit]))
  }

  /// The rows that the text index has for a query; some may not match.
  func indexedRows(_ query: SearchQuery, below row: Int64, _ db: Database) throws -> RowCursor {
    let match = query.terms.map { "\"\($0.text)\"\($0.isPrefix ? "*" : "")" }.joined(separator: " ")
    return try db.rows(
      """
      SELECT \(SQL.messageColumns) FROM message_terms CROSS JOIN \(SQL.messages)
      WHERE message_terms MATCH :match AND message_terms.rowid <= :newest AND m.rowid = message_terms.rowid
        AND \(Self.isOfBoth) AND \(Self.isOld) AND (:task IS NULL OR d.task_id = :task)
      ORDER BY message_terms.rowid DESC
      """, arguments(below: row, ["match": match]))
  }

  private static let isOfBoth =
    "(m.sender = :me AND (:other IS NULL OR m.recipient = :other) OR m.recipient = :me AND (:other IS NULL OR m.sender = :other))"
  private static let isOld = "m.rowid <= :newest AND (:time IS NULL OR julianday(m.created_at) < :time)"

  private static func numberBelow(_ row: Int64?) -> Int64 { row.map { max($0, .min + 1) - 1 } ?? .max }

  private func arguments(below row: Int64?, _ more: [String: (any DatabaseValueConvertible)?]) -> StatementArguments {
    let common: [String: (any DatabaseValueConvertible)?] = [
      "me": query.agent.name, "other": query.with, "task": query.taskID, "time": time, "newest": min(newest, Self.numberBelow(row)),
    ]
    return StatementArguments(common.merging(more) { $1 })
  }
}
