/// Tracks which rows of a table were told, if rows become visible in another order than that of their numbers.
///
/// A transaction takes a number from the table's sequence and holds a lock on the sequence until it ends. After a look that has told row 7,
/// the only rows up to 7 that can still appear belong to transactions that hold this lock. Once these have ended, a later look has seen
/// everything up to 7, and the mark rises to it. Until then the rows above the mark are remembered.
struct SettledRows: Hashable, Sendable {
  /// Transactions that hold the sequence's lock, by virtual transaction id.
  typealias Writers = Set<String>

  private struct Candidate: Hashable, Sendable {
    var mark: Int64
    /// Those that may still be running.
    var writers: Writers
  }

  /// Every row up to this one has been told; no other will appear.
  private(set) var mark: Int64
  /// Rows above the mark that have been told.
  private(set) var told: Set<Int64>
  private var candidate: Candidate?

  /// - Parameter told: rows above the mark that must not be told.
  init(mark: Int64 = 0, told: Set<Int64> = []) {
    self.mark = mark
    self.told = told
  }

  /// Takes in a look at the rows above the mark that have not been told.
  ///
  /// - Parameters:
  ///   - rows: the rows found, lowest first; they count as told.
  ///   - isWhole: whether the look found all of them.
  ///   - writers: the holders of the lock after the look.
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
      // The prefix of the id under which a prepared transaction continues.
      candidate?.writers.formIntersection(writers)
      candidate?.writers.formUnion(writers.filter { $0.hasPrefix("-1/") })
    }
  }
}
