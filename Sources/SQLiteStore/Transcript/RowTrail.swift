/// Which rows of a table were told. SQLite has one writer, so numbers become visible in their order; but the numbers of rows that were
/// deleted are used again, and the whole file may be another one.
struct RowTrail: Hashable, Sendable {
  struct Row: Hashable, Sendable {
    var number: Int64
    /// What tells the row from another one with the same number.
    var identity: String
  }

  /// So many rows that were told last are remembered: how far back it is noticed that rows were deleted.
  static let capacity = 1_000

  /// The last ones that were told, in order.
  private(set) var rows: [Row]

  /// - Parameter rows: what counts as told from the beginning: the last rows before the first one that is wanted.
  init(_ rows: [Row]) { self.rows = rows.suffix(Self.capacity) }

  /// Rows with greater numbers were not told yet.
  var mark: Int64 { rows.last?.number ?? 0 }

  mutating func add(_ told: [Row]) { rows = (rows + told).suffix(Self.capacity) }

  /// Goes back to the last row that is still there: rows with greater numbers are new, whatever stood under these numbers. Where none is
  /// there any more, it is another table, and all of it is new.
  mutating func goBack(while isGone: (Row) throws -> Bool) rethrows {
    while let last = rows.last, try isGone(last) { rows.removeLast() }
  }
}
