import Bridge
import PostgresClient

extension PostgresStore {
  public func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader {
    PostgresTranscript(store: self, agent: agent, start: start)
  }

  public func wakeUpsForAll() -> WakeUps { watch.subscribe(nil) }
}

/// Follows the two tables of a workspace.
private actor PostgresTranscript: TranscriptReader {
  private struct Position: Sendable {
    var rows: SettledRows
    /// Identifies the table, which changes if somebody drops and creates it again.
    var table: Int64?

    func isSame(_ state: TranscriptTable.State) -> Bool { table == nil || table == state.table }

    mutating func tell(_ told: [TranscriptRow], of found: TranscriptTable.Page, _ state: TranscriptTable.State) {
      table = state.table
      rows.tell(told.map(\.number), isWhole: found.isWhole && told.count == found.rows.count, writers: state.writers)
    }
  }

  private struct Positions: Sendable {
    var messages: Position
    var events: Position
  }

  private let store: PostgresStore
  private let agent: Identity?
  private let start: TranscriptStart
  /// Nil before the first look.
  private var positions: Positions?

  init(store: PostgresStore, agent: Identity?, start: TranscriptStart) {
    self.store = store
    self.agent = agent
    self.start = start
  }

  func next() async throws(BridgeError) -> TranscriptPage {
    let (page, positions) = try await store.perform { [positions, agent, start, sql = store.sql] pool in
      let tables = (messages: TranscriptTable.messages(sql), events: TranscriptTable.events(sql))
      var positions: Positions = if let positions { positions } else { try await Self.begin(start, agent, tables, pool) }
      let messages = try await tables.messages.rows(beside: positions.messages.rows, for: agent, pool)
      let events = try await tables.events.rows(beside: positions.events.rows, for: agent, pool)
      // After the looks, not before.
      let states = (try await tables.messages.state(pool), try await tables.events.state(pool))
      guard positions.messages.isSame(states.0), positions.events.isSame(states.1) else {
        let anew = Positions(
          messages: Position(rows: SettledRows(), table: states.0.table), events: Position(rows: SettledRows(), table: states.1.table))
        return (TranscriptPage(entries: [], more: true), anew)
      }
      let merge = TranscriptMerge(
        messages: messages.rows, events: events.rows, messagesAreWhole: messages.isWhole, eventsAreWhole: events.isWhole)
      positions.messages.tell(merge.messages, of: messages, states.0)
      positions.events.tell(merge.events, of: events, states.1)
      return (TranscriptPage(entries: merge.entries, more: !merge.isWhole), positions)
    }
    self.positions = positions
    return page
  }

  private static func begin(
    _ start: TranscriptStart, _ agent: Identity?, _ tables: (messages: TranscriptTable, events: TranscriptTable), _ pool: PostgresPool
  ) async throws -> Positions {
    var (messages, events): (Int64?, Int64?) = (0, 0)
    if let last = start.last {
      (messages, events) = TranscriptMerge.beginning(
        ofLast: last, messages: try await tables.messages.last(last, since: start.since, for: agent, pool),
        events: try await tables.events.last(last, since: start.since, for: agent, pool))
    } else if start.since != nil {
      messages = try await tables.messages.first(since: start.since, for: agent, pool).map { $0 - 1 }
      events = try await tables.events.first(since: start.since, for: agent, pool).map { $0 - 1 }
    }
    return Positions(
      messages: Position(rows: try await tables.messages.toldAtFirst(upTo: messages ?? .max, pool)),
      events: Position(rows: try await tables.events.toldAtFirst(upTo: events ?? .max, pool)))
  }
}
