import Bridge
import Logging
import PostgresClient
import Synchronization
import SystemSupport

/// Tells subscribers that the database may have news for their agent. It has one listener for each watched agent, and one for all agents.
final class NotificationWatch: Sendable {
  private let settings: ConnectionSettings
  private let schema: WorkspaceSchema
  private let pool: PostgresPool
  private let readiness: Readiness
  private let options: PostgresStore.Options
  private let logger: Logger
  /// Nil after `stop`.
  private let channels = Mutex<[Identity?: AgentChannel]?>([:])

  init(
    settings: ConnectionSettings, schema: WorkspaceSchema, pool: PostgresPool, readiness: Readiness, options: PostgresStore.Options,
    logger: Logger
  ) {
    self.settings = settings
    self.schema = schema
    self.pool = pool
    self.readiness = readiness
    self.options = options
    self.logger = logger
  }

  /// - Parameter agent: nil for all agents.
  func subscribe(_ agent: Identity?) -> WakeUps {
    let subscribers = channels.withLock { channels -> Subscribers? in
      if channels?[agent] == nil { channels?[agent] = AgentChannel() }
      return channels?[agent]?.subscribers
    }
    let wakeUps = subscribers?.subscribe(.waiting) ?? WakeUps()
    // Start listening only after the sequence exists, so that it misses nothing.
    let isStopped = channels.withLock { channels in
      guard let subscribers, let channel = channels?[agent] else { return true }
      if channel.task == nil {
        channels?[agent]?.task = Task(executorPreference: PostgresTaskExecutor.shared) { [self] in await watch(agent, subscribers) }
      }
      return false
    }
    if isStopped { wakeUps.finish() }
    return wakeUps
  }

  func stop() {
    let ended = channels.withLock { channels in
      defer { channels = nil }
      return channels.map { Array($0.values) } ?? []
    }
    for channel in ended {
      channel.task?.cancel()
      channel.subscribers.finish()
    }
  }

  /// A listener, if an agent is watched.
  var listener: PostgresListener? { channels.withLock { $0?.values.lazy.compactMap(\.listener).first } }

  private struct AgentChannel: Sendable {
    let subscribers = Subscribers()
    var task: Task<Void, Never>?
    var listener: PostgresListener?
  }

  private func watch(_ agent: Identity?, _ subscribers: Subscribers) async {
    let changes = Mailbox<Void> { if $0.isEmpty { $0.append($1) } }
    guard let channel = await name(of: agent, subscribers),
      // The database made the channel's name, so it is valid.
      let listener = try? PostgresListener(
        settings, channels: [channel], options.listener, notifyingThrough: pool, logger: logger, onEvent: relay(to: subscribers, changes))
    else { return }
    channels.withLock { $0?[agent]?.listener = listener }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await listener.run() }
      group.addTask { await self.poll(agent, listener, changes, for: subscribers) }
    }
  }

  /// The channel's name, computed by the database. Subscribers look at intervals until the database answers.
  private func name(of agent: Identity?, _ subscribers: Subscribers) async -> String? {
    while !Task.isCancelled {
      do {
        try await readiness.ensure(within: CallLimit(until: .now + options.patience))
        let rows = try await pool.query(
          "SELECT \(schema.quoted).channel($1)", [.text(agent?.name ?? "")])
        if let name: String = try rows.first?.get(0) { return name }
      } catch {
        logger.debug("the channel is not known yet", metadata: ["error": "\(error)"])
      }
      subscribers.post(.resync)
      do { try await Task.pause(for: options.blindPoll) } catch { return nil }
    }
    return nil
  }

  private func relay(to subscribers: Subscribers, _ changes: Mailbox<Void>) -> @Sendable (ListenerEvent) -> Void {
    let warned = Once<Bool>()
    return { [logger, options] event in
      switch event {
      case .connected:
        subscribers.post([.messages, .tasks, .resync])
      case .notification(let notification):
        subscribers.post(notification.payload == "tasks" ? .tasks : .messages)
      case .stateChanged(let state):
        logger.debug("listener", metadata: ["state": "\(state)"])
        changes.post(())
        if state.isRefusal, warned.set(true) {
          logger.warning(
            "\(state); looking for news every \(options.blindPoll) instead. Connect without a transaction pooler for instant news.")
        }
      }
    }
  }

  /// Posts a hint every second while notifications do not arrive, and occasionally even if they do, because triggers can be bypassed. What
  /// has come then without a notification is a reason to doubt the listener.
  private func poll(_ agent: Identity?, _ listener: PostgresListener, _ changes: Mailbox<Void>, for subscribers: Subscribers) async {
    var look = nextLook
    var last: (heard: Int, unread: UnreadCounts)?
    while !Task.isCancelled {
      if listener.state.isDelivering {
        await changes.next(until: look)
        guard ContinuousClock.now >= look else { continue }
      } else {
        do { try await Task.pause(for: options.blindPoll) } catch { return }
        if listener.state.isDelivering { continue }
      }
      look = nextLook
      if let agent, let unread = try? await unread(agent, listener) {
        let heard = listener.heard
        if let last, heard == last.heard, unread.mayExceed(last.unread) { listener.doubt() }
        last = (heard, unread)
      }
      subscribers.post([.messages, .tasks, .resync])
    }
  }

  private var nextLook: ContinuousClock.Instant { .next(options.safetyPoll, after: options.safetyPoll * 0.8) }

  private func unread(_ agent: Identity, _ listener: PostgresListener) async throws -> UnreadCounts? {
    let statement = "SELECT messages, tasks FROM \(schema.quoted).unread($1)"
    let row = try await listener.query(statement, [.text(agent.name)], timeout: options.idleLimit)?.only
    return try row.map { UnreadCounts(messages: try $0.get("messages"), tasks: try $0.get("tasks")) }
  }
}

extension ListenerState {
  /// Notifications will never arrive: a pooler drops them, or the server refuses LISTEN.
  fileprivate var isRefusal: Bool {
    switch self {
    case .degraded(.notDelivered): true
    case .disconnected(let error): error.code == .server
    default: false
    }
  }
}

extension Mailbox<Void> {
  /// Waits for an element, and no longer than until then.
  fileprivate func next(until end: ContinuousClock.Instant) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await Task.pause(until: end) }
      group.addTask { await self.next() }
      await group.next()
      group.cancelAll()
    }
  }
}
