import Logging
import Synchronization

/// The bridge for one agent: it sends, reads, waits, delegates and keeps the agent's presence.
///
/// One for each process. All verbs throw `BridgeError`; those that wait also throw `CancellationError`.
public final class BridgeService: Sendable {
  public let identity: Identity
  let store: any BridgeStore
  let logger: Logger
  let leases: LeaseKeeper
  public let waits = WaitingCalls()
  private let instanceState: Mutex<Instance>
  private let isRunning = Atomic(false)
  /// Whether the store knows this instance, and so its session.
  private let isKnown = Atomic(false)
  private let kept: KeptWatch

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

  /// - Throws: `invalidValue`, `unknownRecipient`, `keyReused`, `notFound`, `ambiguous`.
  public func send(
    to recipient: Identity, content: String, references: MessageReferences = MessageReferences()
  ) async throws(BridgeError) -> SendReceipt {
    try await send(to: recipient, content: content, references, reservation: nil)
  }

  private func send(
    to recipient: Identity, content: String, _ references: MessageReferences, reservation: ReplyReservation?
  ) async throws(BridgeError) -> SendReceipt {
    var message = NewMessage(id: newID(), sender: identity, recipient: recipient, content: content)
    (message.references, message.reservation) = (references, reservation)
    try message.validate()
    try requireCaller()
    await introduceSession()
    return try await store.send(message)
  }

  /// Sends a message to every other known agent.
  ///
  /// - Throws: `invalidValue`, `keyReused`, `notFound`, `ambiguous`.
  public func broadcast(
    content: String, references: MessageReferences = MessageReferences()
  ) async throws(BridgeError) -> [SendReceipt] {
    let broadcast = Broadcast(
      sender: identity, content: content, references: references, ids: (0..<Limits.recipients).map { _ in newID() })
    try broadcast.message("", to: identity).validate()
    try requireCaller()
    await introduceSession()
    return try await store.broadcast(broadcast)
  }

  /// Sends a message, and waits for the reply to it; nothing else is taken. A repeated idempotency key returns the reply even if it was read.
  ///
  /// - Parameters:
  ///   - waitSeconds: 1 to 55.
  ///   - isSent: called once the message is stored.
  /// - Returns: the reply, to be confirmed or given back like what is read; empty after the time-out.
  public func ask(
    _ recipient: Identity, content: String, references: MessageReferences = MessageReferences(), waitSeconds: Int,
    isSent: () async -> Void = {}
  ) async throws -> (receipt: SendReceipt, reply: Delivery) {
    let reservation = ReplyReservation(instance: instance)
    let receipt = try await send(to: recipient, content: content, references, reservation: reservation)
    leases.began(reservation.lease)
    await isSent()
    var request = TakeRequest(agent: identity, limit: 1, instance: instance)
    request.reply = AwaitedReply(message: receipt.messageID, lease: reservation.lease, includesRead: receipt.duplicate)
    do {
      let reply = try await take(request, within: waitSeconds)
      if reply.isEmpty { await leases.undo(reservation.lease) } else { await leases.confirm(reservation.lease) }
      return (receipt, reply)
    } catch {
      // A reply that came meanwhile is anybody's of this session.
      await Task { await leases.undo(reservation.lease) }.value
      throw error
    }
  }

  /// An id that tells the session and the instance.
  private func newID() -> String { UniqueID.make(stamp: instance.stamp) }

  /// Makes the session known before it asks for anything, so that an answer finds it.
  private func introduceSession() async {
    let instance = instance
    guard instance.session != nil, !instance.isCommand, !isKnown.load(ordering: .relaxed) else { return }
    await signOfLife()
  }

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

  func found(_ delivery: Delivery) { kept.found(delivery.elsewhere + delivery.newsElsewhere) }

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
  public func history(
    text: String? = nil, with other: String? = nil, taskID: String? = nil, before: String? = nil, limit: Int = 20,
    whole: Bool = false
  ) async throws(BridgeError) -> HistoryPage {
    var query = HistoryQuery(agent: identity, text: text, with: other, taskID: taskID, before: before, limit: limit)
    query.isWhole = whole
    try query.validate()
    return try await store.history(query)
  }

  /// One message that the agent sent or received.
  public func message(_ id: String) async throws(BridgeError) -> Message? { try await store.message(id, for: identity) }

  /// How much waits for the agent's session.
  public func unreadCounts(seeingAll: Bool = false) async throws(BridgeError) -> UnreadCounts {
    let counts = try await store.unreadCounts(for: Viewer(instance, seesAll: seeingAll))
    kept.found(counts.elsewhere)
    return counts
  }

  /// The messages that are set aside.
  public func setAside() async throws(BridgeError) -> [Message] { try await store.setAside(of: identity) }

  /// Returns a message that was set aside to the inbox.
  ///
  /// - Throws: `notFound`.
  public func deliverAgain(_ id: String) async throws(BridgeError) {
    guard try await store.deliverAgain(id, to: identity) else {
      throw BridgeError(.notFound, "No message \"\(BridgeError.excerpt(id))\" of \(identity) is set aside: read --set-aside lists them.")
    }
  }

  // MARK: Tasks

  /// Delegates a task.
  ///
  /// - Throws: `invalidValue`, `unknownRecipient`, `keyReused`.
  public func createTask(
    for recipient: Identity, title: String, description: String, idempotencyKey: String? = nil
  ) async throws(BridgeError) -> TaskReceipt {
    let task = NewTask(
      id: newID(), sender: identity, recipient: recipient, title: title, description: description, idempotencyKey: idempotencyKey)
    try task.validate()
    try requireCaller()
    await introduceSession()
    return try await store.createTask(task)
  }

  /// Moves a task.
  ///
  /// - Parameter takesOver: whether it takes the task from whoever holds it.
  /// - Throws: `notFound`, `notAllowed`, `wrongStatus`, `alreadyClaimed`, `invalidValue`.
  public func updateTask(
    _ id: String, to status: TaskStatus, result: String? = nil, takesOver: Bool = false
  ) async throws(BridgeError) -> BridgeTask {
    var request = TransitionRequest(taskID: id, actor: identity, instance: instance, status: status, result: result)
    request.takesOver = takesOver
    try request.validate()
    try requireCaller()
    return try await store.transitionTask(request)
  }

  /// A call that was cancelled before it began writes nothing.
  private func requireCaller() throws(BridgeError) {
    if Task.isCancelled { throw .cancelled }
  }

  /// The agent's tasks.
  ///
  /// - Parameters:
  ///   - cursor: `next` of the page before; nil for the first.
  ///   - markSeen: what is shown counts as seen once it is delivered; false to look only.
  /// - Throws: `invalidValue`.
  public func tasks(
    role: TaskRole = .assignee, status: TaskStatus? = nil, cursor: String? = nil, limit: Int = 50,
    characters: Int = ReplyBudget.characters, markSeen: Bool = true
  ) async throws(BridgeError) -> Delivery {
    var query = TaskQuery(
      agent: identity, role: role, status: status, limit: limit, characters: characters, instance: markSeen ? instance : nil)
    if let cursor { query.cursor = try TaskCursor(cursor) }
    let page = try await store.tasks(query)
    leases.began(page.lease)
    return page
  }

  /// One task with its history.
  ///
  /// - Parameter markSeen: what is shown counts as seen once it is delivered, and the history is cut to fit into a reply. False to look
  ///   only, at all of it.
  /// - Throws: `notFound`.
  public func task(_ id: String, markSeen: Bool = true) async throws(BridgeError) -> TaskReport {
    try TextRule.reference(id, field: "task_id")
    let report = try await store.task(id, for: identity, instance: markSeen ? instance : nil)
    leases.began(report.lease)
    return markSeen ? report.fitting() : report
  }

  // MARK: Leases

  /// Writes a reply, and confirms the lease once it is written. The lease is renewed while the output is blocked, and undone if the write
  /// fails.
  public func deliver(_ lease: String?, _ write: () async throws -> Void) async throws {
    let renewal = Task { [leases] in
      while (try? await Task.sleep(for: .seconds(10))) != nil { await leases.maintain() }
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

  // MARK: Presence

  /// Known agents. This process's own agent is online, whatever the store has recorded so far.
  ///
  /// - Parameter beginning: only names that begin so.
  public func agents(beginning: String = "", limit: Int = Limits.agents) async throws(BridgeError) -> AgentPage {
    var page = try await store.agents(AgentQuery(beginning: beginning, own: identity, limit: limit))
    guard isRunning.load(ordering: .relaxed), let own = page.agents.firstIndex(where: { $0.name == identity.name }) else { return page }
    page.agents[own].online = true
    return page
  }

  /// One agent.
  ///
  /// - Throws: `notFound`.
  public func agent(_ agent: Identity) async throws(BridgeError) -> AgentSummary {
    let page = try await store.agents(AgentQuery(beginning: agent.name, own: agent, limit: 1))
    guard let summary = page.agents.first, summary.name == agent.name else {
      throw BridgeError(.notFound, "There is no agent \"\(agent)\": `cowork-code-mcp-server agents` lists those that there are.")
    }
    return summary
  }

  /// Forgets an agent that is not needed: its messages and tasks stay.
  ///
  /// - Parameter force: also if it is online, or messages wait for it.
  /// - Returns: the agent as it was.
  /// - Throws: `notFound`, `notAllowed`.
  public func removeAgent(_ agent: Identity, force: Bool) async throws(BridgeError) -> AgentSummary {
    while true {
      let summary = try await self.agent(agent)
      try summary.requireRemovable(force: force)
      // Else a message has come meanwhile.
      if try await store.removeAgent(agent, force: force) { return summary }
    }
  }

  /// Makes an agent known before it connects. A known agent is no error.
  ///
  /// - Parameter agent: nil for the agent that this process acts for.
  public func addAgent(_ agent: Identity? = nil) async throws(BridgeError) { try await store.addAgent(agent ?? identity) }

  /// Records the name of the MCP client.
  public func clientIs(_ client: String) async {
    let changed = instanceState.withLock { instance in
      defer { instance.client = client }
      return instance.client != client
    }
    if changed { await signOfLife() }
  }

  /// Sends heartbeats, keeps leases and claims, and returns what dead processes had taken, every 10 s until cancelled.
  public func run(interval: Duration = .seconds(10)) async {
    isRunning.store(true, ordering: .relaxed)
    // A heartbeat does not wait for what others keep locked.
    async let leases: Void = every(interval) { [self] in
      await self.leases.maintain()
      do { try await store.recoverExpired() } catch { logger.debug("recovery failed", metadata: ["error": "\(error)"]) }
    }
    await every(interval) { [self] in await signOfLife() }
    await leases
  }

  private func every(_ interval: Duration, _ work: @Sendable () async -> Void) async {
    while !Task.isCancelled {
      await work()
      do { try await Task.sleep(for: interval) } catch { break }
    }
  }

  /// Ends the presence of this instance at once, and then its session, if that ends with it.
  ///
  /// - Parameter patience: how long to wait for the end of the client.
  public func signOff(within patience: Duration = .zero) async {
    let instance = instance
    func signOff(endsSession: Bool) async {
      do { try await store.signOff(instance, endsSession: endsSession) } catch {
        logger.debug("signing off failed", metadata: ["error": "\(error)"])
      }
    }
    await signOff(endsSession: instance.session?.process == instance.process)
    guard let client = instance.session?.process, client != instance.process else { return }
    let end = ContinuousClock.now + patience
    while !client.isKnownDead {
      guard ContinuousClock.now < end else { return }
      try? await Task.sleep(for: .milliseconds(5))
    }
    await signOff(endsSession: true)
  }

  /// A command acts for the nearest process above it that is a session of its agent, or for the one that the user has named.
  public func joinSession(named name: String?) async throws(BridgeError) {
    guard let name else {
      let sessions = try await store.sessions(of: identity)
      let client = ProcessIdentity.ancestors.first { ancestor in sessions.contains { $0.process == ancestor.encoded } }
      if let client { join(Session(client: client)) }
      return
    }
    join(Session(named: name))
  }

  private func join(_ session: Session) {
    instanceState.withLock { $0 = .command(of: identity, session: session) }
  }

  /// The sessions of the agent.
  public func sessions() async throws(BridgeError) -> [SessionSummary] { try await store.sessions(of: identity) }

  private func signOfLife() async {
    do {
      try await store.heartbeat(instance)
      isKnown.store(true, ordering: .relaxed)
    } catch { logger.warning("\(error)") }
  }
}
