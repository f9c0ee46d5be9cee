/// Which rows of a table were told, where rows become visible in another order than the one in which they were numbered.
///
/// A transaction takes a number from the table's sequence and keeps a lock on the sequence until it ends. So a look that has told row 7
/// knows that the only rows up to 7 that can still come are those of the transactions that hold this lock just after it. Once these have
/// ended, a later look has seen everything up to 7, and the mark rises there. Until then the rows above the mark are remembered.
struct SettledRows: Hashable, Sendable {
  /// Transactions that hold the sequence's lock, by their virtual numbers.
  typealias Writers = Set<String>

  private struct Candidate: Hashable, Sendable {
    var mark: Int64
    /// Those of which it is not known that they have ended.
    var writers: Writers
  }

  /// All rows up to this one were told that there will ever be.
  private(set) var mark: Int64
  /// Rows above the mark that were told.
  private(set) var told: Set<Int64>
  private var candidate: Candidate?

  /// - Parameter told: rows above the mark that are not to be told.
  init(mark: Int64 = 0, told: Set<Int64> = []) {
    self.mark = mark
    self.told = told
  }

  /// A look at the rows that are above the mark and were not told.
  ///
  /// - Parameters:
  ///   - rows: what it found, the lowest first, and what is told now.
  ///   - isWhole: whether it found no more than these.
  ///   - writers: who held the lock at a time after the look.
  mutating func tell(_ rows: [Int64], isWhole: Bool, writers: Writers) {
    told.formUnion(rows)
    if let candidate, candidate.writers.isEmpty, isWhole || rows.last ?? .min >= candidate.mark {
      mark = candidate.mark
      told = told.filter { $0 > mark }
      self.candidate = nil
    }
    if candidate == nil {
      candidate = told.max().map { Candidate(mark: $0, writers: writers) }
    } else {
      // One that is prepared for a commit in two phases goes on under another number, which begins like this.
      candidate?.writers.formIntersection(writers)
      candidate?.writers.formUnion(writers.filter { $0.hasPrefix("-1/") })
    }
  }
}
