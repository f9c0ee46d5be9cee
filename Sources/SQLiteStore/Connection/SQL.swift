import Bridge

/// Pieces of SQL that several statements share.
enum SQL {
  /// The present time as we write it: RFC 3339, UTC, milliseconds.
  static let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

  /// A time relative to now; the bound argument is an offset such as `+30.0 seconds`.
  static let later = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)"

  /// A time of a column in the program's format; NULL if it is none.
  static func time(_ column: String) -> String {
    "CASE WHEN \(column) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z' "
      + "THEN \(column) ELSE strftime('%Y-%m-%dT%H:%M:%fZ', \(column)) END"
  }

  /// A text of a column, as bytes where it has a NUL: GRDB would cut it there.
  static func whole(_ column: String) -> String { "CASE WHEN instr(\(column), char(0)) THEN CAST(\(column) AS BLOB) ELSE \(column) END" }

  /// Whether a lease has expired.
  static let hasExpired = isOver("expires_at", atMost: "+60 seconds")

  /// Whether a time has passed, also if it is so far ahead that the clock was set back since it was written.
  private static func isOver(_ column: String, atMost longest: String) -> String {
    "\(column) NOT BETWEEN \(now) AND strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '\(longest)')"
  }

  static let messageColumns = "m.rowid AS row, \(Message.selected(from: "m"))"
  static let messages = "messages m LEFT JOIN message_details d ON d.message_id = m.id"

  static let taskColumns = """
    t.rowid AS row, \(BridgeTask.selected(from: "t")), d.holder, d.holder_session, d.holder_process, \(isOver("d.held_until", atMost: "+660 seconds")) AS expired,
    d.assignee_news, d.creator_news
    """
  static let isOpen = "COALESCE(t.status, '') NOT IN ('completed', 'failed')"
  static let hasEnded = "COALESCE(t.status, '') IN ('completed', 'failed')"
  static let tasks = "tasks t LEFT JOIN task_details d ON d.task_id = t.id"

  /// A recursive table of a WITH clause: the different values in `messages`, each found by one step in an index, and NULL at the end.
  static func distinct(_ value: String, as name: String, where condition: String = "true") -> String {
    """
    \(name) (value) AS (SELECT MIN(\(value)) FROM messages m WHERE \(condition) UNION ALL
      SELECT (SELECT MIN(\(value)) FROM messages m WHERE \(condition) AND \(value) > \(name).value) FROM \(name) WHERE value IS NOT NULL)
    """
  }

  /// The messages of the agent `:me`, `:limit` at most, in parts of a UNION ALL each of which follows an index, with the WITH clause that they
  /// need.
  ///
  /// - Parameter rest: a further condition.
  static func messagesOfAgent(with rest: String, newestFirst: Bool = true) -> (with: String, parts: [String]) {
    let state = "COALESCE(m.read, 0)"
    let (sent, received) = ("m.sender = :me", "m.recipient = :me")
    let parts = [
      ("recipients", "\(sent) AND m.recipient IS recipients.value"),
      ("states", "\(received) AND \(state) = states.value AND m.sender IS NOT :me"),
    ].map { values, condition in
      // Where the rows of one value are enough, none behind them are wanted.
      let order = "ORDER BY m.rowid \(newestFirst ? "DESC" : "")"
      let last = "SELECT m.rowid FROM messages m WHERE \(condition) AND \(rest) \(order) LIMIT 1 OFFSET :limit - 1"
      let end = newestFirst ? "MAX((\(last))), \(Int64.min)" : "MIN((\(last))), \(Int64.max)"
      let isNear = "m.rowid \(newestFirst ? ">=" : "<=") (SELECT COALESCE(\(end)) FROM \(values))"
      return "\(values) CROSS JOIN messages m WHERE \(condition) AND \(isNear)"
    }
    return (
      "WITH RECURSIVE \(distinct("m.recipient", as: "recipients", where: sent)), \(distinct(state, as: "states", where: received))", parts
    )
  }

  /// A duration as a modifier of `strftime`: `+30.0 seconds`.
  static func offset(_ duration: Duration) -> String { "\(duration < .zero ? "" : "+")\(duration.inSeconds) seconds" }
}
