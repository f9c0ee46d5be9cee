import Bridge
import GRDB

/// A query for an agent's history: which rows of `messages` belong to it.
///
/// Each part of the union follows an index, so SQLite merges them from the newest row and stops early.
struct Past {
  private let selects: [String]
  private(set) var arguments: StatementArguments

  /// - Parameters:
  ///   - text: a text that the content contains literally.
  ///   - row: only rows with a lower number.
  init(_ query: HistoryQuery, text: String? = nil, before bound: Bound?, below row: Int64? = nil) {
    let me = query.agent.name
    var conditions = [String]()
    var values = [(any DatabaseValueConvertible)?]()
    if let text {
      conditions.append("instr(m.content, ?) > 0")
      values.append(text)
    }
    if let bound {
      conditions.append(bound.condition)
      values.append(bound.value)
    }
    if let row {
      conditions.append("m.rowid < ?")
      values.append(row)
    }
    let rest = conditions.map { " AND \($0)" }.joined()
    let parts: [(String, [String])]
    var from = "messages m"
    if let task = query.taskID {
      // A task has few messages: scan all of them.
      from = "message_details d CROSS JOIN messages m ON m.id = d.message_id"
      let sides = query.with.map { ("((m.sender = ? AND m.recipient = ?) OR (m.recipient = ? AND m.sender = ?))", [me, $0, me, $0]) }
      let (condition, names) = sides ?? ("(m.sender = ? OR m.recipient = ?)", [me, me])
      parts = [("d.task_id = ? AND \(condition)", [task] + names)]
    } else if let other = query.with {
      let pair = "m.sender = ? AND m.recipient = ?"
      parts = other == me ? [(pair, [me, me])] : [(pair, [me, other]), (pair, [other, me])]
    } else {
      parts = [("m.sender = ?", [me]), ("m.recipient = ? AND m.sender IS NOT ?", [me, me])]
    }
    selects = parts.map { "SELECT m.rowid AS row FROM \(from) WHERE \($0.0)\(rest)" }
    arguments = StatementArguments(parts.flatMap { part in part.1.map { $0 as (any DatabaseValueConvertible)? } + values })
  }

  /// The messages, newest first. Takes one more argument: the maximum number of rows.
  var newestFirst: String {
    """
    SELECT \(SQL.messageColumns) FROM (\(selects.joined(separator: " UNION ALL ")) ORDER BY row DESC LIMIT ?) AS past
    JOIN messages m ON m.rowid = past.row LEFT JOIN message_details d ON d.message_id = m.id ORDER BY past.row DESC
    """
  }

  /// The upper bound: a message or a time.
  struct Bound {
    let condition: String
    let value: any DatabaseValueConvertible & Sendable

    /// - Parameter before: a message's id, or a time.
    /// - Throws: `invalidValue` for anything else.
    init(_ before: String, _ db: Database) throws {
      let byID = try db.cachedStatement(sql: "SELECT rowid FROM messages WHERE id IN (?1, upper(?1), lower(?1)) ORDER BY id <> ?1 LIMIT 1")
      if let row = try Int64.fetchOne(byID, arguments: [before]) {
        self.init(condition: "m.rowid < ?", value: row)
      } else if let time = try Double.fetchOne(
        // julianday accepts 30 February.
        db, sql: "SELECT julianday(?1) WHERE date(substr(?1, 1, 10), '+0 days') = substr(?1, 1, 10)", arguments: [before])
      {
        self.init(condition: "julianday(m.created_at) < ?", value: time)
      } else if let row = try Int64.fetchOne(
        // Scans all ids.
        db, sql: "SELECT rowid FROM messages WHERE id = ? COLLATE NOCASE LIMIT 1", arguments: [before])
      {
        self.init(condition: "m.rowid < ?", value: row)
      } else {
        throw BridgeError.notATimeOrID(before)
      }
    }

    private init(condition: String, value: any DatabaseValueConvertible & Sendable) {
      self.condition = condition
      self.value = value
    }
  }
}
