/// The result of a copy and of the comparison that follows.
public struct TransferReport: Sendable {
  /// What is wrong with a record of the target.
  public enum Fault: String, Sendable {
    /// It does not exist.
    case missing
    /// A different record has the id.
    case different
    /// It has an older state that could not be updated.
    case behind
  }

  public struct Difference: Hashable, Sendable {
    public var id: ArchivedText
    public var fault: Fault
  }

  /// The result for messages or for tasks.
  public struct Side: Sendable {
    /// Records of the source.
    public internal(set) var found = 0
    public internal(set) var outcome = ArchiveOutcome()
    /// Records that were written during the copy, and were copied at its end.
    public internal(set) var meanwhile = ArchiveOutcome()
    /// Records whose state in the target is newer, and was kept.
    public internal(set) var ahead = 0
    /// Records with bytes that one of the stores cannot hold and has as text.
    public internal(set) var respelled = 0
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

  /// Whether both sides hold the same.
  public var isEqual: Bool {
    messages.differences == 0 && tasks.differences == 0 && messages.sourceDigest == messages.targetDigest
      && tasks.sourceDigest == tasks.targetDigest
  }
}
