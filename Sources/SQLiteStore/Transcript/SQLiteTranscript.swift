import Bridge
import GRDB

extension SQLiteStore {
  public func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader {
    TranscriptFollower(SQLiteTranscript(store: self, agent: agent), from: start)
  }

  public func transcriptPage(_ query: TranscriptQuery) async throws(BridgeError) -> TranscriptView {
    try await read { db in
      let tables = SQLiteTranscript.tables
      let place = try query.place ?? query.message.map { try Self.place(before: $0, for: query.agent, db) } ?? .end
      func rows(_ limit: Int, isOlder: Bool) throws -> TranscriptTables<[TranscriptRow]> {
        try tables.with(place.numbers).map { try $0.rows(limit, isOlder: isOlder, than: $1, for: query.agent, db) }
      }
      return query.page(
        of: TranscriptSurroundings(older: try rows(query.rows.older, isOlder: true), newer: try rows(query.rows.newer, isOlder: false)))
    }
  }

  private static func place(before message: IDReference, for agent: String?, _ db: Database) throws -> TranscriptPlace {
    let id = try message.requiredID(for: agent, db)
    let number: Int64 = try db.value("SELECT rowid FROM messages WHERE id = ?", [id]) ?? .max
    let tables = SQLiteTranscript.tables
    let time = try tables.messages.time(of: number, db)
    return TranscriptPlace(messages: max(number, .min + 1) - 1, events: try time.map { try tables.events.lastRow(before: $0, db) } ?? .min)
  }

  public func wakeUpsForAll() -> WakeUps { watch.subscribe(.waiting) }
}

/// The two tables of a file.
private struct SQLiteTranscript: TranscriptSource {
  let store: SQLiteStore
  let agent: Identity?

  static let tables = TranscriptTables(messages: TranscriptTable.messages, events: TranscriptTable.events)

  func ends() async throws(BridgeError) -> TranscriptTables<Int64> {
    try await store.read { db in try Self.tables.map { try $0.end(db) } }
  }

  func edges(of start: TranscriptStart) async throws(BridgeError) -> TranscriptTables<[TranscriptRow]> {
    try await store.read { db in try Self.tables.map { try $0.edge(of: start, for: agent, db) } }
  }

  func marks(upTo numbers: TranscriptTables<Int64>) async throws(BridgeError) -> TranscriptTables<RowTrail> {
    try await store.read { db in try Self.tables.with(numbers).map { table, number in try table.trail(upTo: number, db) } }
  }

  func rows(after marks: TranscriptTables<RowTrail>) async throws(BridgeError) -> TranscriptTables<TranscriptRows<RowTrail>> {
    try await store.read { db in
      try Self.tables.with(marks).map { table, trail in
        var trail = trail
        try trail.goBack { try !table.has($0, db) }
        return try table.rows(after: trail, for: agent, db)
      }
    }
  }
}
