import Bridge
import PostgresClient

/// A query for an agent's history: which rows of `messages` belong to it.
///
/// Each part of the union follows an index, so Postgres merges them from the newest row and stops early.
struct Past {
  /// The upper bound: a message or a time.
  enum Bound {
    case row(Int64)
    case time(String)
  }

  private(set) var parameters: [PostgresParameter] = []
  /// Of the tables `m` and `d`.
  private(set) var condition = ""
  private let sql: SQL
  private var sides: [String] = []
  private var rest = ""
  private let isOfTask: Bool

  /// - Parameters:
  ///   - text: a text that the content contains literally.
  ///   - seq: only rows with a lower number.
  init(_ query: HistoryQuery, _ sql: SQL, text: String? = nil, before bound: Bound?, below seq: Int64? = nil) {
    self.sql = sql
    isOfTask = query.taskID != nil
    let me = add(.text(query.agent.name))
    if let other = query.with {
      let other = add(.text(other))
      sides = ["m.sender = \(me) AND m.recipient = \(other)", "m.sender = \(other) AND m.recipient = \(me) AND \(me)::text <> \(other)"]
    } else {
      sides = ["m.sender = \(me)", "m.recipient = \(me) AND m.sender IS DISTINCT FROM \(me)"]
    }
    if let task = query.taskID { rest += " AND d.task_id = \(add(.text(task)))" }
    if let text { rest += " AND position(\(add(.text(text))) IN m.content) > 0" }
    if let seq { rest += " AND m.seq < \(add(.int(seq)))" }
    switch bound {
    case .row(let seq): rest += " AND m.seq < \(add(.int(seq)))"
    case .time(let time): rest += " AND \(sql.schema).time_of(m.created_at) < \(sql.schema).time_of(\(add(.text(time))))"
    case nil: break
    }
    condition = "(\(sides.map { "(\($0))" }.joined(separator: " OR ")))\(rest)"
  }

  /// - Returns: the parameter's name in SQL.
  mutating func add(_ parameter: PostgresParameter) -> String {
    parameters.append(parameter)
    return "$\(parameters.count)"
  }

  /// The numbers of the newest rows, as the column `seq`.
  func rows(_ limit: Int) -> String {
    // A task has few messages: scan all of them.
    if isOfTask { return "SELECT m.seq FROM \(sql.messagesWithDetails) WHERE \(condition) ORDER BY seq DESC LIMIT \(limit)" }
    let parts = sides.map { "(SELECT m.seq FROM \(sql.messages) m WHERE \($0)\(rest) ORDER BY m.seq DESC LIMIT \(limit))" }
    return "SELECT seq FROM (\(parts.joined(separator: " UNION ALL "))) AS parts ORDER BY seq DESC LIMIT \(limit)"
  }

  /// The newest messages, newest first.
  func newest(_ limit: Int) -> String {
    """
    SELECT \(SQL.messageColumns) FROM (\(rows(limit))) AS newest JOIN \(sql.messages) m USING (seq)
    LEFT JOIN \(sql.messageDetails) d ON d.message_id = m.id ORDER BY m.seq DESC
    """
  }
}
