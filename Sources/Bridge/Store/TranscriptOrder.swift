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
    self.number = number
    self.time = time
    self.identity = identity
    self.entry = entry
  }
}

/// Merges the next rows of both tables.
public struct TranscriptMerge: Hashable, Sendable {
  /// The rows that are told now, in the order of their tables.
  public private(set) var messages: [TranscriptRow] = []
  public private(set) var events: [TranscriptRow] = []
  /// The entries of both, in order.
  public private(set) var entries: [TranscriptEntry] = []
  /// Whether all given rows are told.
  public private(set) var isWhole = true

  /// Merges by time. A row without a time keeps its place in its table. If only a part of a table was read, the merge ends with its last row:
  /// later rows of the other table may follow rows that were not read.
  public init(
    messages: [TranscriptRow], events: [TranscriptRow], messagesAreWhole: Bool = true, eventsAreWhole: Bool = true
  ) {
    var (left, right) = (messages[...], events[...])
    while true {
      if (left.isEmpty && !messagesAreWhole) || (right.isEmpty && !eventsAreWhole) { break }
      if let message = left.first, right.first.map({ Self.isFirst(message, $0) }) ?? true {
        self.messages.append(left.removeFirst())
        entries += message.entry.map { [$0] } ?? []
      } else if let event = right.popFirst() {
        self.events.append(event)
        entries += event.entry.map { [$0] } ?? []
      } else {
        break
      }
    }
    isWhole = left.isEmpty && right.isEmpty && messagesAreWhole && eventsAreWhole
  }

  private static func isFirst(_ left: TranscriptRow, _ right: TranscriptRow) -> Bool {
    guard let left = left.time else { return true }
    guard let right = right.time else { return false }
    return left <= right
  }

  /// The number before the first of the last `count` rows, in each table; nil for a table without any of these rows.
  public static func beginning(
    ofLast count: Int, messages: [TranscriptRow], events: [TranscriptRow]
  ) -> (messages: Int64?, events: Int64?) {
    var (left, right) = (messages[...], events[...])
    for _ in 0..<count {
      guard let message = left.last else {
        if right.popLast() == nil { break }
        continue
      }
      guard let event = right.last else {
        left.removeLast()
        continue
      }
      if isFirst(message, event) { right.removeLast() } else { left.removeLast() }
    }
    return (messages[left.endIndex...].first.map { $0.number - 1 }, events[right.endIndex...].first.map { $0.number - 1 })
  }
}
