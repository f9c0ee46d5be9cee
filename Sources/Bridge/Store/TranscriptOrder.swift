/// A row of one of the two tables of a transcript.
public struct TranscriptRow: Hashable, Sendable {
  /// Its number in its table.
  public var number: Int64
  /// Seconds since 1970; nil if unknown.
  public var time: Double?
  /// Distinguishes rows with the same number, in a store that reuses numbers.
  public var identity: String
  /// Nil if it is not for this reader.
  public var entry: TranscriptEntry?

  public init(number: Int64, time: Double?, identity: String = "", entry: TranscriptEntry? = nil) {
    (self.number, self.time, self.identity, self.entry) = (number, time, identity, entry)
  }
}

/// Merges the next rows of both tables.
struct TranscriptMerge {
  /// The rows that are told now, in the order of their tables.
  private(set) var told = TranscriptTables<[TranscriptRow]>(messages: [], events: [])
  /// The same rows, in the order of both.
  private(set) var rows: [(isMessage: Bool, row: TranscriptRow)] = []
  /// Whether all given rows are told.
  let isWhole: Bool

  /// Merges by time. A row without a time keeps its place in its table. If only a part of a table was read, the merge ends with its last row:
  /// later rows of the other table may follow rows that were not read.
  init(_ found: TranscriptTables<[TranscriptRow]>, areWhole: TranscriptTables<Bool> = .init(messages: true, events: true)) {
    var (left, right) = (found.messages[...], found.events[...])
    while !(left.isEmpty && !areWhole.messages), !(right.isEmpty && !areWhole.events) {
      if let message = left.first, right.first.map({ Self.isFirst(message, $0) }) ?? true {
        told.messages.append(left.removeFirst())
        rows.append((true, message))
      } else if let event = right.popFirst() {
        told.events.append(event)
        rows.append((false, event))
      } else {
        break
      }
    }
    isWhole = left.isEmpty && right.isEmpty && areWhole.messages && areWhole.events
  }

  private static func isFirst(_ left: TranscriptRow, _ right: TranscriptRow) -> Bool {
    guard let left = left.time else { return true }
    guard let right = right.time else { return false }
    return left <= right
  }

  /// The number before the first of the last `count` rows, in each table; nil for a table without any of these rows.
  func beginning(ofLast count: Int) -> TranscriptTables<Int64?> {
    let last = rows.suffix(count)
    return TranscriptTables(messages: true, events: false).map { isMessage in
      last.first { $0.isMessage == isMessage }.map { $0.row.number - 1 }
    }
  }
}
