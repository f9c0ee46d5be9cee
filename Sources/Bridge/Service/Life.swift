import Synchronization
import SystemSupport

extension BridgeService {
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
  ///
  /// - Parameter makesStore: whether a store that was taken away is made anew.
  public func run(interval: Duration = .seconds(10), makesStore: Bool = true) async {
    isRunning.store(true, ordering: .relaxed)
    // A heartbeat does not wait for what others keep locked.
    async let leases: Void = every(interval) { [self] in
      guard await hasStore(makesStore) else { return }
      await self.leases.maintain()
      do { try await store.recoverExpired() } catch { logger.debug("recovery failed", metadata: ["error": "\(error)"]) }
    }
    await every(interval) { [self] in if await hasStore(makesStore) { await signOfLife() } }
    await leases
  }

  /// Whether there is a store; asking makes none.
  public func hasStore() async throws(BridgeError) -> Bool { try await store.exists() }

  private func hasStore(_ makesStore: Bool) async -> Bool {
    if makesStore { return true }
    return (try? await hasStore()) == true
  }

  private func every(_ interval: Duration, _ work: @Sendable () async -> Void) async {
    while !Task.isCancelled {
      await work()
      do { try await Task.pause(until: .next(interval)) } catch { break }
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
      try? await Task.pause(for: .milliseconds(5))
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

  func signOfLife() async {
    do {
      try await store.heartbeat(instance)
      isKnown.store(true, ordering: .relaxed)
    } catch { logger.warning("\(error)") }
  }
}
