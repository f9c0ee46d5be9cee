import Bridge

/// Which rows of a table were told. SQLite has one writer, so numbers become visible in their order; but the numbers of deleted rows are
/// used again, and the whole file may be another one.
struct RowTrail: Hashable, TranscriptMark {
  struct Row: Hashable, Sendable {
    var number: Int64
    /// Distinguishes the row from another one with the same number.
    var identity: String
  }

  /// How many rows are remembered: deletions before these go unnoticed.
  static let capacity = 1_000

  /// The last rows that were told, in order.
  private(set) var rows: [Row]

  /// - Parameter rows: the last rows before the first one that is wanted.
  init(_ rows: [Row]) { self.rows = rows.suffix(Self.capacity) }

  /// Rows with greater numbers have not been told yet.
  var mark: Int64 { rows.last?.number ?? 0 }

  mutating func add(_ told: [Row]) { rows = (rows + told).suffix(Self.capacity) }

  mutating func tell(_ rows: [TranscriptRow], isWhole: Bool) { add(rows.map { Row(number: $0.number, identity: $0.identity) }) }

  /// Goes back to the last row that still exists: rows with greater numbers are new. If none exists, it is another table, and all of it is
  /// new.
  mutating func goBack(while isGone: (Row) throws -> Bool) rethrows {
    while let last = rows.last, try isGone(last) { rows.removeLast() }
  }
}
