import Bridge

/// Tracks which rows of a table were told. SQLite has one writer, so rows become visible in the order of their numbers. But numbers of
/// deleted rows are reused, and the file may be replaced.
struct RowTrail: Hashable, TranscriptMark {
  struct Row: Hashable, Sendable {
    var number: Int64
    /// Distinguishes rows with the same number.
    var identity: String
  }

  /// How many rows are remembered: deletions before these go unnoticed.
  static let capacity = 1_000

  /// The last rows that were told, in order.
  private(set) var rows: [Row]

  /// - Parameter rows: the last rows before the first one that is wanted.
  init(_ rows: [Row]) { self.rows = rows.suffix(Self.capacity) }

  /// Rows above this number have not been told.
  var mark: Int64 { rows.last?.number ?? 0 }

  mutating func tell(_ told: [TranscriptRow], isWhole: Bool) {
    rows = (rows + told.map { Row(number: $0.number, identity: $0.identity) }).suffix(Self.capacity)
  }

  /// Goes back to the last row that still exists: rows with greater numbers are new. If none exists, it is another table, and all of it is
  /// new.
  mutating func goBack(while isGone: (Row) throws -> Bool) rethrows {
    while let last = rows.last, try isGone(last) { rows.removeLast() }
  }
}
