import Bridge
import PostgresClient

/// One of the two tables of a transcript.
struct TranscriptTable: Sendable {
  struct Page: Sendable {
    var rows: [TranscriptRow]
    var isWhole: Bool
  }

  /// The table's identity and its writers.
  struct State: Sendable {
    var table: Int64
    var writers: SettledRows.Writers
  }

  /// Rows of a page: a message has up to 256 KiB.
  private static let page = 100
  /// A transcript that begins with the newest rows still tells rows that become visible later, if their numbers are among this many.
  private static let overlap: Int64 = 10_000

  let sql: SQL
  let isOfEvents: Bool

  private var name: String { isOfEvents ? sql.taskEvents : sql.messages }

  /// The next rows.
  func rows(beside told: SettledRows, for agent: Identity?, _ pool: PostgresPool) async throws -> Page {
    let columns = isOfEvents ? "*" : "seconds, is_for, \(SQL.message)"
    let rows = try await pool.query(
      sql.call(isOfEvents ? "transcript_events" : "transcript_messages", arguments: 4, columns),
      [.optional(agent?.name), .int(told.mark), .intArray(told.told.sorted()), .int(Self.page + 1)])
    let found = try rows.map { row in
      try Self.row(row, "seq") { try row.get("is_for") ? isOfEvents ? Self.event(row) : .message(Message(row)) : nil }
    }
    return Page(rows: Array(found.prefix(Self.page)), isWhole: found.count <= Self.page)
  }

  /// - Parameters:
  ///   - number: the column with the row's number.
  ///   - event: what it tells; nil if it is not for this reader.
  static func row(_ row: PostgresRow, _ number: String, _ event: () throws -> TranscriptEntry.Event?) throws -> TranscriptRow {
    let time: Double? = try row.get("seconds")
    return TranscriptRow(number: try row.get(number), time: time, entry: try event().map { TranscriptEntry($0, time: time) })
  }

  /// - Parameter prefix: before the names of the columns.
  static func event(_ row: PostgresRow, _ prefix: String = "") throws -> TranscriptEntry.Event {
    func text(_ column: String) throws -> String? { try row.get(prefix + column) }
    let task = BridgeTask(id: try text("task_id"), sender: try text("sender"), recipient: try text("recipient"), title: try text("title"))
    return .task(task, try TaskEvent(fieldsOf: row, prefix))
  }

  func state(_ pool: PostgresPool) async throws -> State {
    let row = try await pool.query(
      """
      SELECT $1::text::regclass::oid::bigint AS number, COALESCE(array_agg(virtualtransaction), '{}') AS writers FROM pg_locks
      WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock'
        AND relation = pg_get_serial_sequence($1::text, 'seq')::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """, [.text(name)]
    ).first
    return State(table: try row?.get("number") ?? 0, writers: Set(try row?.get("writers", as: [String].self) ?? []))
  }

  /// The greatest number; 0 without rows.
  func end(_ pool: PostgresPool) async throws -> Int64 {
    try await pool.query(sql.call("transcript_numbers", arguments: 3), [.bool(isOfEvents), .int(0), .int(0)]).only.get("top")
  }

  /// The newest `start.last` rows for an agent, in order, or else the first one.
  func edge(of start: TranscriptStart, for agent: Identity?, _ pool: PostgresPool) async throws -> [TranscriptRow] {
    let rows = try await pool.query(
      sql.call("transcript_edge", arguments: 4),
      [
        .bool(isOfEvents), .optional(agent?.name), start.since.map(PostgresParameter.double) ?? .null,
        start.last.map { PostgresParameter.int(Int64($0)) } ?? .null,
      ])
    return try rows.reversed().map { TranscriptRow(number: try $0.get("seq"), time: try $0.get("seconds")) }
  }

  /// Counts the visible rows up to a number as told.
  func toldAtFirst(upTo end: Int64, _ pool: PostgresPool) async throws -> SettledRows {
    guard end > 0 else { return SettledRows() }
    let rows = try await pool.query(
      sql.call("transcript_numbers", arguments: 3), [.bool(isOfEvents), .int(end), .int(Self.overlap)])
    let top = try rows.only.get("top", as: Int64.self)
    return SettledRows(mark: min(end, max(0, top - Self.overlap)), told: Set(try rows.compactMap { try $0.get("seq", as: Int64?.self) }))
  }
}
