/// Removes what is old and done.
///
/// Messages: those that were read, are under no lease, and are not about an open task. Tasks: those that have ended, and whose sides have
/// both seen it. The age of a message is that of `created_at`, or of the confirmed delivery where that is no time; of a task that of
/// `updated_at`, or of `created_at`. What has no age stays.
public protocol StoreRetention: Sendable {
  /// The time so long ago, by the store's clock: RFC 3339, UTC, milliseconds.
  func time(before age: Duration) async throws(BridgeError) -> String

  /// Looks at the next rows and removes those that are older, with all that belongs to them, in one transaction.
  ///
  /// - Parameters:
  ///   - place: `next` of the step before; nil for the first.
  ///   - dryRun: only counts.
  /// - Throws: `notAllowed` where this login does not see all of the store.
  func prune(before time: String, after place: PrunePlace?, dryRun: Bool) async throws(BridgeError) -> PruneStep

  /// Gives what removed rows took back to the system, in steps that block nobody for long.
  func giveBackSpace() async throws(BridgeError) -> ReturnedSpace
}

/// Where pruning stands.
public enum PrunePlace: Hashable, Sendable {
  case messages(after: Int64)
  case tasks(after: Int64)
}

/// What a step of pruning removed, or would remove.
public struct PruneStep: Hashable, Sendable {
  public var messages = 0
  public var tasks = 0
  /// Nil when all has been looked at.
  public var next: PrunePlace?

  public init(messages: Int = 0, tasks: Int = 0, next: PrunePlace?) {
    self.messages = messages
    self.tasks = tasks
    self.next = next
  }
}

/// What giving back came to, in bytes.
public struct ReturnedSpace: Hashable, Sendable {
  /// The system has them again.
  public var returned: Int64
  /// They stay with the store, and later rows use them. Nil where it cannot tell how many.
  public var reusable: Int64?

  public init(returned: Int64, reusable: Int64?) {
    self.returned = returned
    self.reusable = reusable
  }
}
