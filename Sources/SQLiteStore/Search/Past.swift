import Bridge
import GRDB

/// An agent's history: which rows of `messages` belong to it, newest first.
struct Past {
  private let query: HistoryQuery
  /// Whose messages these are, and with whom; nil for everybody.
  private let me, other: String?
  /// The number of the newest row that is old enough.
  private let newest: Int64
  /// The Julian day before which a message must have been created; nil if it does not matter.
  private let time: Double?

  /// - Throws: `invalidValue` when `before` is neither a message's id nor a time.
  init(_ query: HistoryQuery, _ db: Database) throws {
    self.query = query
    (me, other) = query.agent.map { ($0.name, query.with) } ?? (query.with, nil)
    var (row, time): (Int64?, Double?) = (nil, nil)
    if let before = query.before {
      // julianday accepts 30 February.
      time = try db.value("SELECT julianday(?1) WHERE date(substr(?1, 1, 10), '+0 days') = substr(?1, 1, 10)", [before])
      let id = try IDReference(before, field: "before", to: .message).storedID(for: query.agent?.name, isWhole: time != nil, db)
      row = try id.flatMap { try db.value("SELECT rowid FROM messages WHERE id = ?", [$0]) }
      if row != nil { time = nil }
      if row == nil, time == nil { throw BridgeError.notATimeOrID(before) }
    }
    newest = Self.numberBelow(row)
    self.time = time
  }

  /// The rows, of `:limit` at most. Each part of the union follows an index, so SQLite merges them from the newest row and stops early. The
  /// join is in this order: to sort its rows again, SQLite would collect all texts first.
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
    } else if me == nil {
      parts = ["messages m WHERE true"]
    } else if let other {
      parts = ["messages m WHERE m.sender = :me AND m.recipient = :other"]
      if other != me { parts.append("messages m WHERE m.sender = :other AND m.recipient = :me") }
    } else {
      (with, parts) = SQL.messagesOfAgent(with: rest)
    }
    let union = parts.map { "SELECT m.rowid AS row FROM \($0) AND \(rest)" }
    return try db.rows(
      """
      \(with) SELECT \(SQL.messageColumns) FROM (\(union.joined(separator: " UNION ALL ")) ORDER BY row DESC LIMIT :limit) AS past
      CROSS JOIN messages m ON m.rowid = past.row LEFT JOIN message_details d ON d.message_id = m.id
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
    "(:me IS NULL OR m.sender = :me AND (:other IS NULL OR m.recipient = :other) OR m.recipient = :me AND (:other IS NULL OR m.sender = :other))"
  private static let isOld = "m.rowid <= :newest AND (:time IS NULL OR julianday(m.created_at) < :time)"

  private static func numberBelow(_ row: Int64?) -> Int64 { row.map { max($0, .min + 1) - 1 } ?? .max }

  private func arguments(below row: Int64?, _ more: [String: (any DatabaseValueConvertible)?]) -> StatementArguments {
    let common: [String: (any DatabaseValueConvertible)?] = [
      "me": me, "other": other, "task": query.taskID, "time": time, "newest": min(newest, Self.numberBelow(row)),
    ]
    return StatementArguments(common.merging(more) { $1 })
  }
}
