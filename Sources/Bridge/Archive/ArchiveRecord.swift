/// One row of a documented table with what belongs to it, as it is carried from one store to another.
public protocol ArchiveRecord: Sendable, Equatable {
  /// As it stands in the store; for a row without an id the one that is derived from what it says.
  var id: ArchivedText { get }
  /// What never changes is the same: where it is not, one id stands for two things.
  func isSame(as other: Self) -> Bool
  /// This record of the target, after what its counterpart at the source knows more has been brought over.
  func merged(with source: Self) -> Self
  /// Columns and state, in the form that every store can hold.
  func digest(into digest: inout ArchiveDigest)
}

extension ArchiveRecord {
  /// The id in the form that every store can hold: two records with one key are counterparts. Case counts, as it does in the tables.
  public var key: ArchivedText { ArchivedText(id.portableID) }
}

/// Records as they follow each other in a store.
public struct ArchivePage<Record: Sendable>: Sendable {
  public var records: [Record]
  /// The place after which the next page begins; nil at the end.
  public var next: Int64?

  public init(records: [Record], next: Int64?) {
    self.records = records
    self.next = next
  }
}

/// What writing a page came to.
public struct ArchiveOutcome: Hashable, Sendable {
  public var added = 0
  /// Records that were there, and got a newer state.
  public var updated = 0
  /// Records that were written without their idempotency key, since it stands for another one in the target.
  public var keysTaken = 0

  public init() {}

  public static func += (left: inout Self, right: Self) {
    left.added += right.added
    left.updated += right.updated
    left.keysTaken += right.keysTaken
  }
}

/// How much a store holds.
public struct ArchiveTotals: Hashable, Sendable {
  public var messages: Int
  public var tasks: Int
  public var agents: Int

  public init(messages: Int, tasks: Int, agents: Int) {
    self.messages = messages
    self.tasks = tasks
    self.agents = agents
  }
}
