import Bridge
import GRDB

extension SQLiteStore {
  public func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader {
    SQLiteTranscript(store: self, agent: agent, start: start)
  }

  public func wakeUpsForAll() -> WakeUps { watch.subscribe(.waiting) }
}

/// Follows the two tables of a file.
private actor SQLiteTranscript: TranscriptReader {
  private struct Trails: Sendable {
    var messages: RowTrail
    var events: RowTrail
  }

  private let store: SQLiteStore
  private let agent: Identity?
  private let start: TranscriptStart
  /// Nil until it has begun.
  private var trails: Trails?

  init(store: SQLiteStore, agent: Identity?, start: TranscriptStart) {
    self.store = store
    self.agent = agent
    self.start = start
  }

  func next() async throws(BridgeError) -> TranscriptPage {
    let (page, trails) = try await store.read { [trails, agent, start] db in
      var trails = try trails ?? Self.begin(start, agent, db)
      try trails.messages.goBack { try !TranscriptTable.messages.has($0, db) }
      try trails.events.goBack { try !TranscriptTable.events.has($0, db) }
      let messages = try TranscriptTable.messages.rows(after: trails.messages.mark, for: agent, db)
      let events = try TranscriptTable.events.rows(after: trails.events.mark, for: agent, db)
      let merge = TranscriptMerge(
        messages: messages.rows, events: events.rows, messagesAreWhole: messages.isWhole, eventsAreWhole: events.isWhole)
      trails.messages.add(messages.trail.prefix(merge.messages.count).map(\.self))
      trails.events.add(events.trail.prefix(merge.events.count).map(\.self))
      return (TranscriptPage(entries: merge.entries, more: !merge.isWhole), trails)
    }
    self.trails = trails
    return page
  }

  private static func begin(_ start: TranscriptStart, _ agent: Identity?, _ db: Database) throws -> Trails {
    let (messages, events): (Int64?, Int64?)
    if start.since == nil, start.last == nil {
      (messages, events) = (0, 0)
    } else if let last = start.last {
      (messages, events) = TranscriptMerge.beginning(
        ofLast: last, messages: try TranscriptTable.messages.last(last, since: start.since, for: agent, db),
        events: try TranscriptTable.events.last(last, since: start.since, for: agent, db))
    } else {
      messages = try TranscriptTable.messages.first(since: start.since, for: agent, db).map { $0 - 1 }
      events = try TranscriptTable.events.first(since: start.since, for: agent, db).map { $0 - 1 }
    }
    return Trails(
      messages: RowTrail(try TranscriptTable.messages.trail(upTo: messages ?? .max, db)),
      events: RowTrail(try TranscriptTable.events.trail(upTo: events ?? .max, db)))
  }
}
