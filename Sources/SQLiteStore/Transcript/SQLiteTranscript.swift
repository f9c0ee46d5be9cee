import Bridge
import GRDB

extension SQLiteStore {
  public func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader {
    TranscriptFollower(SQLiteTranscript(store: self, agent: agent), from: start)
  }

  public func wakeUpsForAll() -> WakeUps { watch.subscribe(.waiting) }
}

/// The two tables of a file.
private struct SQLiteTranscript: TranscriptSource {
  let store: SQLiteStore
  let agent: Identity?

  private static let tables = TranscriptTables(messages: TranscriptTable.messages, events: TranscriptTable.events)

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
