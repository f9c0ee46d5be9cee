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

  /// A duration as a modifier of `strftime`: `+30.0 seconds`.
  static func offset(_ duration: Duration) -> String { "\(duration < .zero ? "" : "+")\(duration.inSeconds) seconds" }
}
