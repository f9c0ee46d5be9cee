/// The result of a copy and of its comparison.
public struct TransferReport: Sendable {
  /// How a record of the target differs.
  public enum Fault: String, Sendable {
    /// It is missing.
    case missing
    /// The id belongs to a different record.
    case different
    /// Its state could not be updated.
    case behind
  }

  public struct Difference: Hashable, Sendable {
    public var id: ArchivedText
    public var fault: Fault
  }

  /// Messages, or tasks.
  public struct Side: Sendable {
    /// At the source.
    public internal(set) var found = 0
    public internal(set) var outcome = ArchiveOutcome()
    /// Records written during the copy, which were copied at its end.
    public internal(set) var meanwhile = ArchiveOutcome()
    /// Records whose newer state in the target was kept.
    public internal(set) var ahead = 0
    public internal(set) var sourceDigest = ArchiveDigest()
    /// The digest of the counterparts in the target, in the source's order.
    public internal(set) var targetDigest = ArchiveDigest()
    public internal(set) var differences = 0
    /// The first ten.
    public internal(set) var firstDifferences: [Difference] = []

    mutating func add(_ id: ArchivedText, _ fault: Fault) {
      differences += 1
      if firstDifferences.count < 10 { firstDifferences.append(Difference(id: id, fault: fault)) }
    }
  }

  public internal(set) var messages = Side()
  public internal(set) var tasks = Side()
  public internal(set) var agents = 0
  public internal(set) var agentOutcome = ArchiveOutcome()

  /// Whether both sides are equal.
  public var isEqual: Bool {
    messages.differences == 0 && tasks.differences == 0 && messages.sourceDigest == messages.targetDigest
      && tasks.sourceDigest == tasks.targetDigest
  }
}
