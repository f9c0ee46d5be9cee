/// Where messages and tasks live. Each verb is one transaction: it happens whole or not at all.
///
/// Every verb throws `BridgeError`: `storeUnavailable` if the store cannot be reached or opened, `storeTooNew` if its schema is newer than
/// this program, `storeFailed` if it fails in the middle, and the codes that the verb itself names. The caller validates arguments.
///
/// An id that a verb is given may be an `IDReference`.
public protocol BridgeStore: Sendable {
  // MARK: Messages

  /// Puts a message into its recipient's inbox. A repeated id, or a repeated idempotency key of the same sender, sends nothing.
  ///
  /// - Throws: `unknownRecipient`; `keyReused` when the key was used for another content; `notFound` or `ambiguous` when the message that it
  ///   answers, or the task that it is about, is not one of the sender's.
  func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt

  /// Sends a message to every other known agent, to all of them or to none.
  ///
  /// - Returns: the receipts in the order of the recipients' names. Where one counts what waits for the sender, all do.
  /// - Throws: `invalidValue` if there are too many; otherwise like `send(_:)`.
  func broadcast(_ broadcast: Broadcast) async throws(BridgeError) -> [SendReceipt]

  /// Takes unread messages, and news of tasks if requested, under a lease.
  func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery

  /// An agent's history, or everybody's, newest first.
  ///
  /// - Throws: `invalidValue` when `before` is neither a message's id nor a time; `ambiguous`.
  func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage

  /// One message that the agent, or anybody, sent or received.
  ///
  /// - Throws: `ambiguous`.
  func message(_ id: String, for agent: Identity?) async throws(BridgeError) -> Message?

  func unreadCounts(for viewer: Viewer) async throws(BridgeError) -> UnreadCounts

  /// The messages of an agent that are set aside, the oldest first.
  func setAside(of agent: Identity) async throws(BridgeError) -> [Message]

  /// Returns a message that was set aside to its agent's inbox, where it counts from none.
  ///
  /// - Returns: whether there was one.
  func deliverAgain(_ id: String, to agent: Identity) async throws(BridgeError) -> Bool

  // MARK: Leases

  /// The reply has left the process: what was taken is read. An unknown lease is no error.
  func confirm(_ lease: String) async throws(BridgeError)

  /// The reply did not leave the process: what was taken is unread again, and its agent is woken.
  func undo(_ lease: String) async throws(BridgeError)

  /// Extends leases from now: their replies are still being written.
  func renew(_ leases: [String]) async throws(BridgeError)

  /// Ends leases that have expired or whose instance is known to be dead. What they held is unread again, and marked as redelivered.
  ///
  /// - Returns: how many leases there were.
  @discardableResult func recoverExpired() async throws(BridgeError) -> Int

  // MARK: Tasks

  /// Creates a task. A repeated id, or a repeated idempotency key of the same sender, creates nothing.
  ///
  /// - Throws: `unknownRecipient`; `keyReused` when the key was used for another assignee, title or description.
  func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt

  /// Moves a task as `TaskStateMachine` allows.
  ///
  /// - Throws: what the state machine throws.
  func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask

  func tasks(_ query: TaskQuery) async throws(BridgeError) -> Delivery

  /// One task with its history.
  ///
  /// - Parameters:
  ///   - agent: its creator or its assignee; nil for anybody's task.
  ///   - instance: the one that reads; nil to look only.
  /// - Throws: `notFound`, also when the agent is neither its creator nor its assignee.
  func task(_ id: String, for agent: Identity?, instance: Instance?) async throws(BridgeError) -> TaskReport

  // MARK: Agents

  func agents(_ query: AgentQuery) async throws(BridgeError) -> AgentPage

  /// Makes an agent known before it connects. A known agent is no error.
  func addAgent(_ agent: Identity) async throws(BridgeError)

  /// Forgets an agent and its instances; messages and tasks stay.
  ///
  /// - Parameter force: also if messages wait for it.
  /// - Returns: whether that was done.
  func removeAgent(_ agent: Identity, force: Bool) async throws(BridgeError) -> Bool

  /// A heartbeat: makes the agent known and online, and keeps the claims of the instance. Wakes nobody.
  func heartbeat(_ instance: Instance) async throws(BridgeError)

  /// The instance ends: it is offline at once.
  ///
  /// - Parameter endsSession: its session ends as well: the tasks that it holds may be taken over, and what is kept for it is anybody's.
  func signOff(_ instance: Instance, endsSession: Bool) async throws(BridgeError)

  /// The sessions of an agent, or of all agents, of the last hour.
  func sessions(of agent: Identity?) async throws(BridgeError) -> [SessionSummary]

  // MARK: Wake-ups

  /// Hints that something may have changed for an agent, until the sequence is dropped. It never fails.
  ///
  /// The order is always: subscribe, then look, then wait.
  func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps

  // MARK: Transcript

  /// Reports what happened from a point on, and continues with what happens next. For one consumer.
  ///
  /// - Parameter agent: only what it sent, received or has a side in; nil for everybody.
  func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader

  /// A page of the transcript.
  ///
  /// - Throws: `notFound` or `ambiguous` for the message that it is around.
  func transcriptPage(_ query: TranscriptQuery) async throws(BridgeError) -> TranscriptView

  /// Hints that something may have happened to any agent, until the sequence is dropped. It never fails.
  func wakeUpsForAll() -> WakeUps

  // MARK: Diagnosis

  /// Checks the store without creating or changing anything. It never fails: a fault is a finding.
  func diagnose() async -> Diagnosis

  /// The present contents, for all agents.
  func overview() async throws(BridgeError) -> Overview

  /// Removes agents and everything that they sent, received or created.
  ///
  /// - Throws: `notAllowed` for agents that no diagnosis created: see `Identity.diagnosis`.
  func removeTraces(of agents: [Identity]) async throws(BridgeError)

  // MARK: Retention
  //
  // Removes what is old and done. Messages: those that were read, are under no lease, and are not about an open task. Tasks: those that
  // have ended and are news for nobody who was there since: news for an agent that has neither connected nor been added since goes. The age of a message is that of `created_at`, or of the confirmation if that is no time; of
  // a task that of `updated_at`, or of `created_at`. A row without an age stays.

  /// The time this long ago, by the store's clock: RFC 3339, UTC, milliseconds.
  func time(before age: Duration) async throws(BridgeError) -> String

  /// Examines the next rows and removes those that are older, with everything that belongs to them, in one transaction that is short while
  /// others are at work.
  ///
  /// - Parameters:
  ///   - place: `next` of the step before; nil for the first.
  ///   - dryRun: only counts.
  /// - Throws: `notAllowed` if this login does not see the whole store.
  func prune(before time: String, after place: PrunePlace?, dryRun: Bool) async throws(BridgeError) -> PruneStep

  /// Returns the space of removed rows to the system, in steps that block nobody for long.
  func giveBackSpace() async throws(BridgeError) -> ReturnedSpace

  // MARK: Archive
  //
  // Carries whole stores from one to another: all rows unchanged, in their order. Instances and leases are not carried: a message under a
  // lease is unread in the target, and marked as redelivered.

  /// Whether the store exists. Asking does not create it.
  func exists() async throws(BridgeError) -> Bool

  /// Equal for two names of one store, different for two stores.
  ///
  /// - Throws: `notAllowed` if this login does not see the whole store.
  func archiveIdentity() async throws(BridgeError) -> String

  func archiveTotals() async throws(BridgeError) -> ArchiveTotals

  /// The next messages or tasks, at most `limit` and about 4 MiB.
  ///
  /// - Parameter place: `next` of the page before; nil for the first.
  func archived<Record: ArchiveRecord>(
    _ type: Record.Type, after place: Int64?, limit: Int
  ) async throws(BridgeError) -> ArchivePage<Record>

  func archivedAgents() async throws(BridgeError) -> [ArchivedAgent]

  /// This store's records with the same keys, including those under a lease.
  func counterparts<Record: ArchiveRecord>(of records: [Record]) async throws(BridgeError) -> [ArchivedText: Record]

  /// Carries out an `ArchivePlan`, in several transactions if it takes long, and wakes the agents that have something new. Writing the same
  /// page twice changes nothing.
  func write<Record: ArchiveRecord>(_ records: [Record]) async throws(BridgeError) -> ArchiveOutcome

  func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome

  // MARK: Life

  /// Closes files and connections. Verbs that are called afterwards fail.
  func close() async

  /// Where tasks that call verbs run best: there a verb changes no threads. Nil if it makes no difference.
  var executor: (any TaskExecutor)? { get }
}

extension BridgeStore {
  public var executor: (any TaskExecutor)? { nil }

  /// What waits for an agent outside of any session.
  public func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts {
    try await unreadCounts(for: Viewer(agent: agent))
  }

  /// For what must not make an empty store in place of one that was taken away.
  ///
  /// - Throws: `storeUnavailable` if there is none.
  public func requireExistence() async throws(BridgeError) {
    guard try await exists() else {
      throw BridgeError(.storeUnavailable, "The store was taken away: put it back, or start this program again for a new one.")
    }
  }

  /// The agents of the first page.
  public func agents() async throws(BridgeError) -> [AgentSummary] { try await agents(AgentQuery()).agents }
}
