import Bridge
import GRDB

extension SQLiteStore {
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    try await read { db in
      var query = query
      // A task may be gone, and its messages not.
      if let task = query.taskReference { query.taskID = try task.storedID(for: query.agent?.name, db) ?? task.text }
      let past = try Past(query, db)
      var builder = HistoryPageBuilder(query)
      let text = query.text ?? ""
      if let search = SearchQuery(text) {
        try Self.search(past, search, limit: query.limit, &builder, db)
      } else {
        let rows = try past.rows(containing: text.isEmpty ? nil : text, limit: query.limit + 1, db)
        while !builder.isFull, let row = try rows.next() { builder.add(Message(fieldsOf: row)) }
      }
      return builder.page
    }
  }

  /// How many rows a search scans before it uses the text index. The index is fast for rare words; for a frequent one it collects every
  /// occurrence, and that one is found among these rows.
  private static let directRows = 1_000
  private static let directBytes = 300_000
  /// The maximum, if so many matches are found that they will fill the page.
  private static let mostDirectRows = 5_000
  /// The maximum of rows that are not in the index yet: thousands that were written by hand take it a while.
  private static let unindexedRows = 20_000
  private static let unindexedBytes = 20_000_000

  private static func search(_ past: Past, _ query: SearchQuery, limit: Int, _ builder: inout HistoryPageBuilder, _ db: Database) throws {
    func add(_ row: Row) { if query.matches(row.text("content") ?? "") { builder.add(Message(fieldsOf: row)) } }
    let indexed = try TextIndex.lastRow(db)
    var lastSeen: Int64?
    var (rowsSeen, bytesSeen) = (0, 0)
    while true {
      let rows = try past.rows(below: lastSeen, limit: directRows, db)
      var isEnd = true
      while let row = try rows.next() {
        let number: Int64 = row["row"]
        let isFilling = rowsSeen < mostDirectRows && builder.page.messages.count * mostDirectRows > limit * rowsSeen
        if let lastSeen, number <= indexed, bytesSeen >= directBytes || rowsSeen >= directRows && !isFilling {
          let rows = try past.indexedRows(query, below: lastSeen, db)
          while !builder.isFull, let row = try rows.next() { add(row) }
          return
        }
        if number > indexed, rowsSeen >= unindexedRows || bytesSeen >= unindexedBytes {
          builder.passOver()
          let rows = try past.indexedRows(query, below: indexed + 1, db)
          while !builder.isFull, let row = try rows.next() { add(row) }
          return
        }
        isEnd = false
        rowsSeen += 1
        lastSeen = number
        bytesSeen += row.text("content")?.utf8.count ?? 0
        add(row)
        if builder.isFull { return }
      }
      if isEnd { return }
    }
  }

  public func message(_ id: String, for agent: Identity?) async throws(BridgeError) -> Message? {
    try await read { db in
      try IDReference(id, field: "id", to: .message).storedID(for: agent?.name, db)
        .flatMap { try db.row("SELECT \(SQL.messageColumns) FROM \(SQL.messages) WHERE m.id = ?", [$0]) }
        .map { Message(fieldsOf: $0).excerpted }
    }
  }
}
