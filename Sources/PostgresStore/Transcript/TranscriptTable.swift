import Bridge
import PostgresClient

/// One of the two tables of a transcript. `$1` is always the agent, or NULL.
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

  private let name: String
  private let alias: String
  private let source: String
  private let columns: String
  private let time: String
  private let isFor: String
  private let event: @Sendable (PostgresRow) throws -> TranscriptEntry.Event

  static func messages(_ sql: SQL) -> TranscriptTable {
    TranscriptTable(
      name: sql.messages, alias: "m", source: "\(sql.messageRecords) m", columns: "m.*",
      time: "extract(epoch FROM \(sql.schema).time_of(m.created_at))::float8", isFor: "(m.sender = $1 OR m.recipient = $1)"
    ) { .message(try Message(fieldsOf: $0)) }
  }

  static func events(_ sql: SQL) -> TranscriptTable {
    TranscriptTable(
      name: sql.taskEvents, alias: "e", source: "\(sql.taskEvents) e LEFT JOIN \(sql.tasks) t ON t.id = e.task_id",
      columns: "e.seq, e.task_id, t.title, t.sender, t.recipient, \(TaskEvent.selected(from: "e"))",
      time: "extract(epoch FROM e.at)::float8", isFor: "(t.sender = $1 OR t.recipient = $1 OR e.actor = $1)"
    ) { row in
      let task = BridgeTask(
        id: try row.get("task_id"), sender: try row.get("sender"), recipient: try row.get("recipient"), title: try row.get("title"))
      return .task(task, try TaskEvent(fieldsOf: row))
    }
  }

  /// The next rows.
  func rows(beside told: SettledRows, for agent: Identity?, _ pool: PostgresPool) async throws -> Page {
    let rows = try await pool.query(
      """
      SELECT \(columns), \(time) AS time, COALESCE($1::text IS NULL OR \(isFor), false) AS is_for
      FROM \(source) WHERE \(alias).seq > $2 AND \(alias).seq <> ALL($3::bigint[]) ORDER BY \(alias).seq LIMIT $4
      """, [.optional(agent?.name), .int(told.mark), .intArray(told.told.sorted()), .int(Self.page + 1)])
    let found = try rows.map { row in
      let time: Double? = try row.get("time")
      let isFor = try row.get("is_for", as: Bool.self)
      return TranscriptRow(number: try row.get("seq"), time: time, entry: isFor ? TranscriptEntry(try event(row), time: time) : nil)
    }
    return Page(rows: Array(found.prefix(Self.page)), isWhole: found.count <= Self.page)
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

  /// The newest `start.last` rows for an agent, in order, or else the first one.
  func edge(of start: TranscriptStart, for agent: Identity?, _ pool: PostgresPool) async throws -> [TranscriptRow] {
    let rows = try await pool.query(
      """
      SELECT \(alias).seq, \(time) AS time FROM \(source)
      WHERE ($1::text IS NULL OR \(isFor)) AND ($2::float8 IS NULL OR \(time) >= $2)
      ORDER BY \(alias).seq \(start.last == nil ? "" : "DESC") LIMIT $3
      """, [.optional(agent?.name), start.since.map(PostgresParameter.double) ?? .null, .int(start.last ?? 1)])
    return try rows.reversed().map { TranscriptRow(number: try $0.get("seq"), time: try $0.get("time")) }
  }

  /// Counts the visible rows up to a number as told.
  func toldAtFirst(upTo end: Int64, _ pool: PostgresPool) async throws -> SettledRows {
    guard end > 0 else { return SettledRows() }
    let rows = try await pool.query(
      """
      SELECT found.seq, top.seq AS top FROM (SELECT COALESCE(max(seq), 0) AS seq FROM \(name)) AS top
      LEFT JOIN \(name) found ON found.seq <= $1 AND found.seq > top.seq - $2
      """, [.int(end), .int(Self.overlap)])
    let top = try rows.first?.get("top", as: Int64.self) ?? 0
    return SettledRows(mark: min(end, max(0, top - Self.overlap)), told: Set(try rows.compactMap { try $0.get("seq", as: Int64?.self) }))
  }
}
