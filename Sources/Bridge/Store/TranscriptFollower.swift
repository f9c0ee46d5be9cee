/// A value for each of the two tables of a transcript.
public struct TranscriptTables<Value: Sendable>: Sendable {
  public var messages: Value
  public var events: Value

  public init(messages: Value, events: Value) {
    self.messages = messages
    self.events = events
  }

  public func map<Result>(_ body: (Value) throws -> Result) rethrows -> TranscriptTables<Result> {
    TranscriptTables<Result>(messages: try body(messages), events: try body(events))
  }

  public func asyncMap<Result>(_ body: (Value) async throws -> Result) async rethrows -> TranscriptTables<Result> {
    TranscriptTables<Result>(messages: try await body(messages), events: try await body(events))
  }

  public func with<Other>(_ other: TranscriptTables<Other>) -> TranscriptTables<(Value, Other)> {
    TranscriptTables<(Value, Other)>(messages: (messages, other.messages), events: (events, other.events))
  }
}

/// Tracks which rows of a table were told.
public protocol TranscriptMark: Sendable {
  /// - Parameter isWhole: whether these are all rows that were found, and no more exist.
  mutating func tell(_ rows: [TranscriptRow], isWhole: Bool)
}

public struct TranscriptRows<Mark: TranscriptMark>: Sendable {
  public var rows: [TranscriptRow]
  /// There are no more rows at present.
  public var isWhole: Bool
  /// The rows that were told before.
  public var mark: Mark

  public init(rows: [TranscriptRow], isWhole: Bool, mark: Mark) {
    (self.rows, self.isWhole, self.mark) = (rows, isWhole, mark)
  }
}

public protocol TranscriptSource: Sendable {
  associatedtype Mark: TranscriptMark

  /// The greatest numbers of the tables; 0 for an empty one.
  func ends() async throws(BridgeError) -> TranscriptTables<Int64>

  /// The rows that decide where a transcript begins, in order: the newest `start.last`, or else the first one.
  func edges(of start: TranscriptStart) async throws(BridgeError) -> TranscriptTables<[TranscriptRow]>

  /// Marks for which the rows up to these numbers were told.
  func marks(upTo numbers: TranscriptTables<Int64>) async throws(BridgeError) -> TranscriptTables<Mark>

  /// The next rows. If the tables have been replaced, all rows are new.
  func rows(after marks: TranscriptTables<Mark>) async throws(BridgeError) -> TranscriptTables<TranscriptRows<Mark>>
}

public actor TranscriptFollower<Source: TranscriptSource>: TranscriptReader {
  private let source: Source
  private let start: TranscriptStart
  /// Nil until it has begun.
  private var marks: TranscriptTables<Source.Mark>?

  public init(_ source: Source, from start: TranscriptStart) {
    self.source = source
    self.start = start
  }

  public func next() async throws(BridgeError) -> TranscriptPage {
    let marks = if let marks { marks } else { try await source.marks(upTo: beginning()) }
    let found = try await source.rows(after: marks)
    let merge = TranscriptMerge(found.map(\.rows), areWhole: found.map(\.isWhole))
    self.marks = found.with(merge.told).map { found, told in
      var mark = found.mark
      mark.tell(told, isWhole: found.isWhole && told.count == found.rows.count)
      return mark
    }
    return TranscriptPage(entries: merge.rows.compactMap(\.row.entry), more: !merge.isWhole)
  }

  /// The number before the first row that is wanted, in each table.
  private func beginning() async throws(BridgeError) -> TranscriptTables<Int64> {
    if start == TranscriptStart() { return TranscriptTables(messages: 0, events: 0) }
    // Before the edges: what comes in between is told.
    let ends = try await source.ends()
    let edges = try await source.edges(of: start)
    if let last = start.last { return TranscriptMerge(edges).beginning(ofLast: last).with(ends).map { $0 ?? $1 } }
    return edges.with(ends).map { rows, end in rows.first.map { $0.number - 1 } ?? end }
  }
}
