import SystemSupport

/// SQL by hand on a store, as a person writes it. For one thread at a time.
final class Hand: @unchecked Sendable {
  private let file: SQLiteFile?
  private let server: PostgresServer?

  init(_ place: Place) throws {
    file = place.isFile ? try SQLiteFile(place.url) : nil
    server = place.isFile ? nil : try PostgresServer(place.url)
    try server?.run("SET search_path = cowork_bridge")
  }

  func run(_ sql: String) throws {
    try file?.run(sql)
    try server?.run(sql)
  }

  var isFile: Bool { file != nil }

  // What differs between the two.

  var newID: String { isFile ? "lower(hex(randomblob(16)))" : "gen_random_uuid()::text" }

  /// A time as programs write it.
  func time(secondsAhead: Int) -> String {
    isFile
      ? "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '\(secondsAhead) seconds')"
      : "to_char((clock_timestamp() + interval '\(secondsAhead) seconds') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
  }

  /// The same in a table of our own.
  func moment(secondsAhead: Int) -> String {
    isFile ? time(secondsAhead: secondsAhead) : "clock_timestamp() + interval '\(secondsAhead) seconds'"
  }

  /// The numbers from 1 on, as `g (i)`.
  func numbers(_ count: Int) -> String {
    isFile
      ? "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count)) SELECT i FROM n) AS g"
      : "generate_series(1, \(count)) AS g (i)"
  }

  func repeated(_ text: String, _ count: Int) -> String {
    isFile ? "replace(hex(zeroblob(\(count))), '00', '\(text)')" : "repeat('\(text)', \(count))"
  }

  /// Much at once, which need not survive a power cut; then as upkeep leaves the store.
  func fill(_ statements: [String]) throws {
    if isFile { try run("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000") }
    try run("BEGIN")
    for statement in statements { try run(statement) }
    if isFile {
      // The contents are words of small letters, which are their own terms.
      try run(
        """
        INSERT INTO message_terms (rowid, terms) SELECT rowid, content FROM messages
          WHERE rowid > COALESCE((SELECT last_row FROM message_terms_state), 0);
        INSERT OR REPLACE INTO message_terms_state SELECT 1, rowid, id FROM messages ORDER BY rowid DESC LIMIT 1
        """)
    }
    try run("COMMIT")
    if isFile {
      try run("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")
    } else {
      try run("VACUUM ANALYZE")
      try run("CHECKPOINT")
    }
  }

  // MARK: Rows

  static let text = "the build is done and two tests failed in the file that you changed last so look at the log please"

  /// - Parameters:
  ///   - content: SQL.
  ///   - age: in seconds.
  func messages(
    _ count: Int, from sender: String = "'code'", to recipient: String = "'cowork'", content: String = "'\(text)'", isRead: Bool = false,
    age: Int = 60
  ) -> String {
    """
    INSERT INTO messages (id, sender, recipient, content, read, created_at)
    SELECT \(newID), \(sender), \(recipient), \(content), \(isRead ? 1 : 0), \(time(secondsAhead: -age)) FROM \(numbers(count))
    """
  }

  /// As long as a message may be.
  var longest: String { repeated("word ok ", 32_768) }

  func events(_ count: Int, of task: String) -> String {
    """
    INSERT INTO task_events (task_id, at, actor, instance, from_status, to_status, note)
    SELECT '\(task)', \(moment(secondsAhead: -60)), 'cowork', 'another', 'in_progress', 'in_progress', 'step ' || i FROM \(numbers(count))
    """
  }

  func endedTasks(_ count: Int) -> [String] {
    let time = time(secondsAhead: -60)
    return [
      """
      INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at, result)
      SELECT \(newID), 'planner', 'reviewer', 'Title ' || i, '\(Self.text)', 'completed', \(time), \(time), 'done' FROM \(numbers(count))
      """, "UPDATE task_details SET assignee_news = 0, creator_news = 0",
    ]
  }

  /// Agents whose sessions run for a while: as this very process.
  func agents(_ count: Int, sessions: Int) -> [String] {
    let process = "'\(ProcessIdentity.current.encoded)'"
    let (now, number) = (moment(secondsAhead: 40), "(i - 1) / \(sessions)")
    return [
      """
      INSERT INTO agents (name, added_at, last_seen, host, client)
      SELECT 'agent-' || (i - 1), \(now), \(now), 'host', 'client' FROM \(numbers(count))
      """,
      """
      INSERT INTO sessions (agent, stamp, name, process, client, last_seen)
      SELECT 'agent-' || \(number), 's' || (100000000 + i), 'host:' || i, \(process), 'client', \(now) FROM \(numbers(count * sessions))
      """,
      """
      INSERT INTO instances (id, agent, host, process, client, last_seen)
      SELECT 'instance-' || i, 'agent-' || \(number), 'host', \(process), 'client', \(now) FROM \(numbers(count * sessions))
      """,
    ]
  }
}
