import Bridge
import PostgresClient

extension PostgresStore {
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    try await perform { pool in
      let bound = try await query.before.asyncMap { try await self.bound($0, pool) }
      let text = query.text ?? ""
      let words = SearchWords.of(text)
      var builder = HistoryPageBuilder(query)
      guard !words.isEmpty else {
        let past = Past(query, self.sql, text: text.isEmpty ? nil : text, before: bound)
        for row in try await pool.query(past.newest(query.limit + 1), past.parameters) { builder.add(try Message(row)) }
        return builder.page
      }
      try await self.search(query, words, before: bound, &builder, pool)
      return builder.page
    }
  }

  /// How many rows a search scans before it uses the text index. The index is fast for rare words; for a frequent one it collects every
  /// occurrence, and that one is found among these rows.
  private static let directRows = 500
  private static let mostPortions = 8
  /// The index is first searched among this many rows.
  private static let nearRows: Int64 = 50_000

  private func search(
    _ query: HistoryQuery, _ words: [String], before bound: Past.Bound?, _ builder: inout HistoryPageBuilder, _ pool: PostgresPool
  ) async throws {
    guard var last = try await look(query, words, before: bound, below: nil, &builder, pool) else { return }
    var portions = 1
    // A few more rows will fill the page. In portions, because for more rows at once Postgres scans whole tables.
    while portions < Self.mostPortions, builder.page.messages.count * Self.mostPortions > query.limit * portions {
      guard let further = try await look(query, words, before: bound, below: last, &builder, pool) else { return }
      (last, portions) = (further, portions + 1)
    }
    for range in [(max(0, last - Self.nearRows), last), (Int64.min, last - Self.nearRows)] where range.0 < range.1 {
      var rest = Past(query, sql, before: bound)
      let condition = "m.seq >= \(rest.add(.int(range.0))) AND m.seq < \(rest.add(.int(range.1)))"
      let match = rest.add(.text(Self.match(words)))
      // Materialized, so that the matches of the index are sorted, instead of all rows being scanned for a rare word.
      let rows = try await pool.query(
        """
        WITH found AS MATERIALIZED (
          SELECT m.seq FROM \(sql.messagesWithDetails)
          WHERE \(sql.schema).words_of(m.content) @@ to_tsquery('simple', \(match)) AND \(condition) AND \(rest.condition)
        )
        SELECT \(SQL.messageColumns) FROM (SELECT seq FROM found ORDER BY seq DESC LIMIT \(query.limit + 1)) AS newest
        JOIN \(sql.messages) m USING (seq) LEFT JOIN \(sql.messageDetails) d ON d.message_id = m.id ORDER BY seq DESC
        """, rest.parameters)
      for row in rows { builder.add(try Message(row)) }
      if builder.isFull { return }
    }
  }

  /// Scans the newest rows.
  ///
  /// - Returns: the last row that was scanned; nil if the page is full or no rows are left.
  private func look(
    _ query: HistoryQuery, _ words: [String], before bound: Past.Bound?, below seq: Int64?, _ builder: inout HistoryPageBuilder,
    _ pool: PostgresPool
  ) async throws -> Int64? {
    var past = Past(query, sql, before: bound, below: seq)
    let match = past.add(.text(Self.match(words)))
    // Splitting a text into words is the slowest part, so a substring check comes first.
    let holding = words.filter { $0.utf8.allSatisfy { $0 < 0x80 } }.map {
      "lower(m.content) LIKE lower(\(past.add(.text("%\($0)%")))) AND "
    }.joined()
    let found = try await pool.query(
      """
      WITH newest AS MATERIALIZED (\(past.rows(Self.directRows)))
      SELECT (SELECT min(seq) FROM newest) AS last, (SELECT count(*) FROM newest) AS looked_at, found.*
      FROM (VALUES (1)) AS one LEFT JOIN (
        SELECT \(SQL.messageColumns)
        FROM newest JOIN \(sql.messages) m USING (seq) LEFT JOIN \(sql.messageDetails) d ON d.message_id = m.id
        WHERE \(holding)\(sql.schema).words_of(m.content) @@ to_tsquery('simple', \(match))
      ) AS found ON true ORDER BY found.seq DESC LIMIT \(query.limit + 1)
      """, past.parameters)
    for row in found where try row.get("seq", as: Int64?.self) != nil { builder.add(try Message(row)) }
    guard !builder.isFull, let first = found.first, try first.get("looked_at", as: Int.self) == Self.directRows else { return nil }
    return try first.get("last")
  }

  /// - Throws: `invalidValue` if it is neither a message's id nor a time.
  private func bound(_ before: String, _ pool: PostgresPool) async throws -> Past.Bound {
    let found = try await pool.query(
      """
      SELECT (SELECT seq FROM \(sql.messages) WHERE lower(id) = lower($1) ORDER BY id = $1 DESC, seq LIMIT 1) AS seq,
        \(sql.schema).time_of($1) IS NOT NULL AND $1 LIKE '%-%' AS is_time
      """, [.text(before)]
    ).first
    if let seq: Int64 = try found?.get("seq") ?? nil { return .row(seq) }
    guard try found?.get("is_time", as: Bool.self) == true else { throw BridgeError.notATimeOrID(before) }
    return .time(before)
  }

  public func message(_ id: String, for agent: Identity) async throws(BridgeError) -> Message? {
    try await perform { [sql] pool in
      try await pool.query(
        """
        SELECT \(SQL.messageColumns) FROM \(sql.messagesWithDetails) WHERE (m.sender = $1 OR m.recipient = $1) AND lower(m.id) = lower($2)
        ORDER BY m.id = $2 DESC, m.seq LIMIT 1
        """, [.text(agent.name), .text(id)]
      ).first.map { try Message($0) }
    }
  }

  /// A prefix query of all words. They consist of letters, marks and digits, so none is an operator.
  private static func match(_ words: [String]) -> String {
    words.map { "'\($0)':*" }.joined(separator: " & ")
  }
}

extension Optional where Wrapped: Sendable {
  fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
    guard let self else { return nil }
    return try await body(self)
  }
}
