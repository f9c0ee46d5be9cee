import Bridge
import GRDB

extension SQLiteStore {
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    try await read { db in
      let bound = try query.before.map { try Past.Bound($0, db) }
      let text = query.text ?? ""
      let words = SearchWords.of(text)
      if !words.isEmpty { return try Self.search(query, words, before: bound, db) }
      let past = Past(query, text: text.isEmpty ? nil : text, before: bound)
      var builder = HistoryPageBuilder(query)
      let rows = try Row.fetchCursor(db, sql: past.newestFirst, arguments: past.arguments + [query.limit + 1])
      while !builder.isFull, let row = try rows.next() { builder.add(Message(row)) }
      return builder.page
    }
  }

  /// How many rows a search scans before it uses the text index. The index is fast for rare words; for a frequent one it collects every
  /// occurrence, and that one is found among these rows.
  private static let directRows = 1_000
  private static let directBytes = 2_000_000
  /// The maximum, if so many matches are found that they will fill the page.
  private static let mostDirectRows = 5_000

  private static func search(_ query: HistoryQuery, _ words: [String], before bound: Past.Bound?, _ db: Database) throws -> HistoryPage {
    let matcher = try WordMatcher(words, db)
    let indexed = try TextIndex.lastRow(db)
    var builder = HistoryPageBuilder(query)
    var lastSeen: Int64?
    var (rowsSeen, bytesSeen) = (0, 0)
    while true {
      let past = Past(query, before: bound, below: lastSeen)
      let rows = try Row.fetchCursor(db, sql: past.newestFirst, arguments: past.arguments + [directRows])
      var isEnd = true
      while let row = try rows.next() {
        let number: Int64 = row["row"]
        let isFilling = rowsSeen < mostDirectRows && builder.page.messages.count * mostDirectRows > query.limit * rowsSeen
        if let lastSeen, number <= indexed, bytesSeen >= directBytes || rowsSeen >= directRows && !isFilling {
          return try searchIndex(query, words, before: bound, below: lastSeen, builder, db)
        }
        isEnd = false
        rowsSeen += 1
        lastSeen = number
        guard let content = row.text("content") else { continue }
        bytesSeen += content.utf8.count
        if try matcher.matches(content) { builder.add(Message(row)) }
        if builder.isFull { return builder.page }
      }
      if isEnd { return builder.page }
    }
  }

  private static func searchIndex(
    _ query: HistoryQuery, _ words: [String], before bound: Past.Bound?, below row: Int64, _ started: HistoryPageBuilder, _ db: Database
  ) throws -> HistoryPage {
    var builder = started
    var conditions = ["message_index MATCH ?", "message_index.rowid < ?", "m.rowid = message_index.rowid"]
    var values: [(any DatabaseValueConvertible)?] = [match(words), row]
    func require(_ condition: String, _ more: String...) {
      conditions.append(condition)
      values += more.map { $0 }
    }
    let me = query.agent.name
    if let other = query.with {
      require("((m.sender = ? AND m.recipient = ?) OR (m.sender = ? AND m.recipient = ?))", me, other, other, me)
    } else {
      require("(m.sender = ? OR m.recipient = ?)", me, me)
    }
    if let task = query.taskID { require("d.task_id = ?", task) }
    if let bound {
      conditions.append(bound.condition)
      values.append(bound.value)
    }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT \(SQL.messageColumns) FROM message_index CROSS JOIN \(SQL.messages) WHERE \(conditions.joined(separator: " AND "))
        ORDER BY message_index.rowid DESC
        """, arguments: StatementArguments(values))
    while !builder.isFull, let row = try rows.next() { builder.add(Message(row)) }
    return builder.page
  }

  /// A prefix query of all words; quoted, so that none is an operator of FTS5.
  private static func match(_ words: [String]) -> String {
    words.map { "\"\($0)\"*" }.joined(separator: " ")
  }

  public func message(_ id: String, for agent: Identity) async throws(BridgeError) -> Message? {
    try await read { db in
      for ids in ["id IN (?2, upper(?2), lower(?2))", "id = ?2 COLLATE NOCASE"] {
        let statement = try db.cachedStatement(
          sql: """
            SELECT \(SQL.messageColumns) FROM \(SQL.messages)
            WHERE m.rowid IN (SELECT rowid FROM messages WHERE \(ids)) AND (+m.sender = ?1 OR +m.recipient = ?1)
            ORDER BY m.id <> ?2 LIMIT 1
            """)
        if let row = try Row.fetchOne(statement, arguments: [agent.name, id]) { return Message(row) }
      }
      return nil
    }
  }
}
