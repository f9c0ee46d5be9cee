import Bridge
import PostgresClient

extension PostgresStore {
  public func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader {
    TranscriptFollower(PostgresTranscript(store: self, agent: agent), from: start)
  }

  public func transcriptPage(_ query: TranscriptQuery) async throws(BridgeError) -> TranscriptView {
    let place = query.place ?? .end
    return try await perform { [sql] pool in
      let rows = try await pool.query(
        sql.call("transcript_page", arguments: 6, "is_older, seconds, \(SQL.message), \(SQL.event)"),
        [
          .optional(query.agent), .optional(query.message?.text), .int(place.messages), .int(place.events), .int(query.rows.older),
          .int(query.rows.newer),
        ])
      let none = TranscriptTables<[TranscriptRow]>(messages: [], events: [])
      var found = TranscriptSurroundings(older: none, newer: none)
      for row in rows {
        let side = try row.get("is_older") ? \TranscriptSurroundings.older : \.newer
        if row.isNull("seq") {
          found[keyPath: side].events.append(try TranscriptTable.row(row, "e_seq") { try TranscriptTable.event(row, "e_") })
        } else {
          found[keyPath: side].messages.append(try TranscriptTable.row(row, "seq") { .message(try Message(row)) })
        }
      }
      return query.page(of: found)
    }
  }

  public func wakeUpsForAll() -> WakeUps { watch.subscribe(nil) }
}

/// The two tables of a workspace.
private struct PostgresTranscript: TranscriptSource {
  struct Mark: TranscriptMark {
    var rows = SettledRows()
    /// Identifies the table, which changes if somebody drops and creates it again; nil until the first look.
    var table: Int64?
    var writers = SettledRows.Writers()

    mutating func tell(_ told: [TranscriptRow], isWhole: Bool) { rows.tell(told.map(\.number), isWhole: isWhole, writers: writers) }
  }

  let store: PostgresStore
  let agent: Identity?

  private var tables: TranscriptTables<TranscriptTable> {
    TranscriptTables(messages: false, events: true).map { TranscriptTable(sql: store.sql, isOfEvents: $0) }
  }

  func ends() async throws(BridgeError) -> TranscriptTables<Int64> {
    try await store.perform { pool in try await tables.asyncMap { try await $0.end(pool) } }
  }

  func edges(of start: TranscriptStart) async throws(BridgeError) -> TranscriptTables<[TranscriptRow]> {
    try await store.perform { pool in try await tables.asyncMap { try await $0.edge(of: start, for: agent, pool) } }
  }

  func marks(upTo numbers: TranscriptTables<Int64>) async throws(BridgeError) -> TranscriptTables<Mark> {
    try await store.perform { pool in
      try await tables.with(numbers).asyncMap { table, number in Mark(rows: try await table.toldAtFirst(upTo: number, pool)) }
    }
  }

  func rows(after marks: TranscriptTables<Mark>) async throws(BridgeError) -> TranscriptTables<TranscriptRows<Mark>> {
    try await store.perform { pool in
      let found = try await tables.with(marks).asyncMap { table, mark in try await table.rows(beside: mark.rows, for: agent, pool) }
      // Read after the rows: a writer that ends in between must still count.
      let states = try await tables.asyncMap { try await $0.state(pool) }
      func isReplaced(_ mark: Mark, _ state: TranscriptTable.State) -> Bool { mark.table.map { $0 != state.table } ?? false }
      if isReplaced(marks.messages, states.messages) || isReplaced(marks.events, states.events) {
        return states.map { TranscriptRows(rows: [], isWhole: false, mark: Mark(table: $0.table)) }
      }
      return found.with(states).with(marks).map { looked, mark in
        let (page, state) = looked
        return TranscriptRows(
          rows: page.rows, isWhole: page.isWhole, mark: Mark(rows: mark.rows, table: state.table, writers: state.writers))
      }
    }
  }
}
