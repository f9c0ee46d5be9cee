/// Carries whole stores from one to another: all rows as they are, in the order in which they came.
///
/// Verbs throw what the verbs of `BridgeStore` throw. Running instances and leases are not carried: what is under a lease is unread
/// elsewhere, and marked as redelivered.
public protocol StoreArchive: Sendable {
  /// Whether there is a store; it is not made by asking.
  func exists() async throws(BridgeError) -> Bool

  /// The same for one store however it was named, and different for two.
  ///
  /// - Throws: `notAllowed` where this login does not see all of it.
  func archiveIdentity() async throws(BridgeError) -> String

  func archiveTotals() async throws(BridgeError) -> ArchiveTotals

  /// The next messages, at most so many and about 4 MiB.
  ///
  /// - Parameter place: `next` of the page before; nil for the first.
  func archivedMessages(after place: Int64?, limit: Int) async throws(BridgeError) -> ArchivePage<ArchivedMessage>

  /// The next tasks, in the same way.
  func archivedTasks(after place: Int64?, limit: Int) async throws(BridgeError) -> ArchivePage<ArchivedTask>

  func archivedAgents() async throws(BridgeError) -> [ArchivedAgent]

  /// What this store has of these, by key, as it stands: also what is under a lease.
  func counterparts(of messages: [ArchivedMessage]) async throws(BridgeError) -> [ArchivedText: ArchivedMessage]

  /// The same for tasks.
  func counterparts(of tasks: [ArchivedTask]) async throws(BridgeError) -> [ArchivedText: ArchivedTask]

  /// Adds what is missing, and brings over what is newer, in one transaction; writing it twice is no different from once. Wakes whoever has
  /// something new. A counterpart that is not the same is left alone.
  func write(_ messages: [ArchivedMessage]) async throws(BridgeError) -> ArchiveOutcome

  /// The same for tasks.
  func write(_ tasks: [ArchivedTask]) async throws(BridgeError) -> ArchiveOutcome

  /// The same for agents.
  func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome
}

/// What a page may take, so that copying needs the same memory for any store.
public enum ArchiveLimits {
  public static let pageRecords = 1_000
  public static let pageBytes = 4 << 20
}
