/// What a copy came to, and what the comparison found.
public struct TransferReport: Sendable {
  /// How a record of the target is not as it should be.
  public enum Fault: String, Sendable {
    /// It is not there.
    case missing
    /// The id stands for something else there.
    case different
    /// What the source knows more could not be brought over.
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
    /// What was written while the copy went on, and was brought over at its end.
    public internal(set) var meanwhile = ArchiveOutcome()
    /// Whose state is newer in the target, and was kept.
    public internal(set) var ahead = 0
    public internal(set) var sourceDigest = ArchiveDigest()
    /// Of the counterparts in the target, in the source's order.
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

  /// Both sides hold the same.
  public var isEqual: Bool {
    messages.differences == 0 && tasks.differences == 0 && messages.sourceDigest == messages.targetDigest
      && tasks.sourceDigest == tasks.targetDigest
  }
}
