import Logging
import Synchronization
import SystemSupport

/// The bridge for one agent: it sends, reads, waits, delegates and keeps the agent's presence.
///
/// One for each process. All verbs throw `BridgeError`; those that wait also throw `CancellationError`.
public final class BridgeService: Sendable {
  public let identity: Identity
  let store: any BridgeStore
  let logger: Logger
  let leases: LeaseKeeper
  public let waits = WaitingCalls()
  let looks = SharedLooks()
  let instanceState: Mutex<Instance>
  let isRunning = Atomic(false)
  /// Whether the store knows this instance, and so its session.
  let isKnown = Atomic(false)
  let kept: KeptWatch

  /// - Parameter instance: a server or a command.
  public init(store: any BridgeStore, instance: Instance, logger: Logger) {
    (self.store, self.identity, self.logger) = (store, instance.agent, logger)
    self.leases = LeaseKeeper(store: store, logger: logger)
    self.instanceState = Mutex(instance)
    self.kept = KeptWatch { [identity] in try await store.sessions(of: identity) }
  }

  /// For a server that is a session of its own.
  public convenience init(store: any BridgeStore, identity: Identity, logger: Logger) {
    self.init(store: store, instance: Instance(agent: identity), logger: logger)
  }

  public var instance: Instance { instanceState.withLock { $0 } }

  /// Where tasks that call the service run best; nil if it makes no difference.
  public var executor: (any TaskExecutor)? { store.executor }

  /// Closes the store. Calls made afterwards fail.
  public func close() async { await store.close() }

  // MARK: Messages

  /// Reads unread messages; waits for one if there is none.
  ///
  /// - Parameters:
  ///   - markRead: false to look only.
  ///   - waitSeconds: 0 to 55.
  ///   - whole: shows texts of more than 4 MiB whole, not by an excerpt.
  ///   - allSessions: also what is kept for other sessions of the agent.
  /// - Returns: the messages, to be confirmed with `delivered(_:)` or given back with `undelivered(_:)`.
  public func readMessages(
    markRead: Bool = true, limit: Int = 50, from sender: String? = nil, waitSeconds: Int = 0, whole: Bool = false,
    allSessions: Bool = false
  ) async throws -> Delivery {
    try TextRule.reference(sender, field: "from", kind: "a name")
    var request = TakeRequest(agent: identity, sender: sender, limit: limit, instance: markRead ? instance : nil)
    (request.isWhole, request.viewer) = (whole, Viewer(instance, seesAll: allSessions))
    return try await take(request, within: waitSeconds)
  }

  /// Reads messages and news of tasks; waits if there are none.
  ///
  /// - Parameter timeoutSeconds: 0 to 55.
  public func waitForUpdates(timeoutSeconds: Int = 25) async throws -> Delivery {
    try await take(
      TakeRequest(agent: identity, includesTasks: true, limit: Limits.pageSize.upperBound, instance: instance), within: timeoutSeconds)
  }

  /// Everything that waits for the agent. Takes nothing.
  ///
  /// - Parameter characters: the most characters that messages and tasks may take.
  public func inbox(characters: Int) async throws(BridgeError) -> Delivery {
    var request = TakeRequest(
      agent: identity, includesTasks: true, limit: Limits.pageSize.upperBound, characters: characters, instance: nil)
    request.viewer = viewer
    let inbox = try await store.take(request)
    found(inbox)
    return inbox
  }

  private var viewer: Viewer { Viewer(instance) }

  func found(_ delivery: Delivery) { kept.found(kept: delivery.kept, locked: delivery.locked) }

  /// Hints that something may have changed for the agent, until the sequence is dropped. Subscribe, then look, then wait.
  public func wakeUps(_ urgency: WakeUps.Urgency) -> WakeUps {
    let wakeUps = store.wakeUps(for: identity, urgency)
    kept.add(wakeUps)
    return wakeUps
  }

  /// Waits for news without taking it.
  ///
  /// - Returns: the counts; zero after the time-out.
  public func waitForAnything(
    messages: Bool = true, tasks: Bool = true, allSessions: Bool = false, timeout: Duration
  ) async throws -> UnreadCounts {
    let counts = try await wait(timeout, patience: .seconds(60)) {
      try await self.store.recoverExpired()
      var counts = try await self.unreadCounts(seeingAll: allSessions)
      if !messages { counts.messages = 0 }
      if !tasks { counts.tasks = 0 }
      return counts.isEmpty ? nil : counts
    }
    return counts ?? UnreadCounts()
  }

  /// Messages that the agent sent and received.
  ///
  /// - Throws: `invalidValue`, `ambiguous`; `notFound` where `taskID` names nothing.
  public func history(
    text: String? = nil, with other: String? = nil, taskID: String? = nil, before: String? = nil, limit: Int = 20,
    whole: Bool = false
  ) async throws(BridgeError) -> HistoryPage {
    var query = HistoryQuery(agent: identity, text: text, with: other, taskID: taskID, before: before, limit: limit)
    query.isWhole = whole
    try query.validate()
    let page = try await store.history(query)
    // A task that was removed is still named by its messages; an id without either names nothing.
    if let taskID, page.messages.isEmpty,
      try await store.history(HistoryQuery(agent: identity, taskID: taskID, limit: 1)).messages.isEmpty
    {
      _ = try await store.task(taskID, for: identity, instance: nil)
    }
    return page
  }

  /// One message that the agent sent or received.
  public func message(_ id: String) async throws(BridgeError) -> Message? { try await store.message(id, for: identity) }

  /// How much waits for the agent's session.
  public func unreadCounts(seeingAll: Bool = false) async throws(BridgeError) -> UnreadCounts {
    let counts = try await store.unreadCounts(for: Viewer(instance, seesAll: seeingAll))
    kept.found(kept: counts.elsewhere)
    return counts
  }

  /// The messages that are set aside, those included whose reader has just died.
  public func setAside() async throws(BridgeError) -> [Message] {
    try await store.recoverExpired()
    return try await store.setAside(of: identity)
  }

  /// Returns a message that was set aside to the inbox.
  ///
  /// - Throws: `notFound`.
  public func deliverAgain(_ id: String) async throws(BridgeError) {
    guard try await store.deliverAgain(id, to: identity) else {
      throw BridgeError(.notFound, "No message \"\(BridgeError.excerpt(id))\" of \(identity) is set aside: read --set-aside lists them.")
    }
  }

  // MARK: Leases

  /// Writes a reply, and confirms the lease once it is written. The lease is renewed while the output is blocked, and undone if the write
  /// fails.
  public func deliver(_ lease: String?, _ write: () async throws -> Void) async throws {
    let renewal = Task { [leases] in
      while (try? await Task.pause(for: .seconds(10))) != nil { await leases.maintain() }
    }
    defer { renewal.cancel() }
    do {
      try await write()
    } catch {
      await undelivered(lease)
      throw error
    }
    await delivered(lease)
  }

  /// The reply with what was taken has left the process.
  public func delivered(_ lease: String?) async { await leases.confirm(lease) }

  /// The reply with what was taken did not leave the process.
  public func undelivered(_ lease: String?) async { await leases.undo(lease) }
}
