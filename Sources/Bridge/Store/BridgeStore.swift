/// Where messages and tasks live. Each verb is one transaction: it happens whole or not at all.
///
/// Every verb throws `BridgeError`: `storeUnavailable` when the store cannot be reached or opened, `storeTooNew` when its schema is newer
/// than this program, `storeFailed` when it failed in the middle, and what the verb itself names. Arguments are validated by the caller.
public protocol BridgeStore: Sendable {
  // MARK: Messages

  /// Puts a message into its recipient's inbox. A repeated id, or a repeated idempotency key of the same sender, sends nothing.
  ///
  /// - Throws: `unknownRecipient`; `keyReused` when the key was used for another recipient or content.
  func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt

  /// Takes unread messages, and news of tasks where wished, under a lease.
  func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery

  /// The agent's past, newest first.
  ///
  /// - Throws: `invalidValue` when `before` is neither a message's id nor a time.
  func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage

  /// One message that the agent sent or received.
  func message(_ id: String, for agent: Identity) async throws(BridgeError) -> Message?

  /// How much waits for an agent.
  func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts

  // MARK: Leases

  /// The reply has left the process: what was taken is read. A lease that is gone already is no error.
  func confirm(_ batch: String) async throws(BridgeError)

  /// The reply did not leave the process: what was taken is unread again, and its agent is woken.
  func undo(_ batch: String) async throws(BridgeError)

  /// Lets leases expire later, counted from now: their replies are still being written.
  func renew(_ batches: [String]) async throws(BridgeError)

  /// Gives back what was taken under leases that have expired or whose owner is known to be dead; those messages are marked as redelivered.
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

  /// The agent's tasks.
  func tasks(_ query: TaskQuery) async throws(BridgeError) -> TaskPage

  /// One task with its history.
  ///
  /// - Parameter reader: the instance that reads; nil to look only.
  /// - Throws: `notFound` when the agent is neither its creator nor its assignee.
  func task(_ id: String, for agent: Identity, reader: Instance?) async throws(BridgeError) -> TaskReport

  // MARK: Agents

  /// All agents that are known, by name.
  func agents() async throws(BridgeError) -> [AgentSummary]

  /// Makes an agent known before it has connected. One that is known already is no error.
  func addAgent(_ agent: Identity) async throws(BridgeError)

  /// A sign of life: makes the agent known and online, and keeps the claims of the instance. Wakes nobody.
  func heartbeat(_ instance: Instance) async throws(BridgeError)

  /// The instance ends: it is offline at once, and the tasks that it holds may be taken over.
  func signOff(_ instance: Instance) async throws(BridgeError)

  // MARK: Wake-ups

  /// Hints that something may have changed for an agent, until the sequence is dropped. It never fails.
  ///
  /// The order is always: subscribe, then look, then wait.
  func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps

  /// Lets go of files and connections. Verbs that are called afterwards fail.
  func close() async

  /// Where tasks that call the verbs best run: there, a verb does not change threads. Nil where they all run equally well.
  var executor: (any TaskExecutor)? { get }
}

extension BridgeStore {
  public var executor: (any TaskExecutor)? { nil }
}
