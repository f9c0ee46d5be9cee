import Bridge

/// A store in front of another one, which carries out every verb that it does not implement itself.
public protocol ForwardingStore: BridgeStore {
  var base: any BridgeStore { get }
}

extension ForwardingStore {
  public func broadcast(_ broadcast: Broadcast) async throws(BridgeError) -> [SendReceipt] { try await base.broadcast(broadcast) }
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage { try await base.history(query) }
  public func message(_ id: String, for agent: Identity?) async throws(BridgeError) -> Message? { try await base.message(id, for: agent) }
  public func unreadCounts(for viewer: Viewer) async throws(BridgeError) -> UnreadCounts { try await base.unreadCounts(for: viewer) }
  public func setAside(of agent: Identity) async throws(BridgeError) -> [Message] { try await base.setAside(of: agent) }
  public func deliverAgain(_ id: String, to agent: Identity) async throws(BridgeError) -> Bool {
    try await base.deliverAgain(id, to: agent)
  }
  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> Delivery { try await base.tasks(query) }
  public func task(_ id: String, for agent: Identity?, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await base.task(id, for: agent, instance: instance)
  }
  public func agents(_ query: AgentQuery) async throws(BridgeError) -> AgentPage { try await base.agents(query) }
  public func removeAgent(_ agent: Identity, force: Bool) async throws(BridgeError) -> Bool {
    try await base.removeAgent(agent, force: force)
  }
  public func addAgent(_ agent: Identity) async throws(BridgeError) { try await base.addAgent(agent) }
  public func signOff(_ instance: Instance, endsSession: Bool) async throws(BridgeError) {
    try await base.signOff(instance, endsSession: endsSession)
  }
  public func sessions(of agent: Identity?) async throws(BridgeError) -> [SessionSummary] { try await base.sessions(of: agent) }
  public func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps { base.wakeUps(for: agent, urgency) }
  public func transcript(of agent: Identity?, from start: TranscriptStart) -> any TranscriptReader {
    base.transcript(of: agent, from: start)
  }
  public func transcriptPage(_ query: TranscriptQuery) async throws(BridgeError) -> TranscriptView {
    try await base.transcriptPage(query)
  }
  public func wakeUpsForAll() -> WakeUps { base.wakeUpsForAll() }
  public func diagnose() async -> Diagnosis { await base.diagnose() }
  public func overview() async throws(BridgeError) -> Overview { try await base.overview() }
  public func removeTraces(of agents: [Identity]) async throws(BridgeError) { try await base.removeTraces(of: agents) }
  public func time(before age: Duration) async throws(BridgeError) -> String { try await base.time(before: age) }
  public func prune(before time: String, after place: PrunePlace?, dryRun: Bool) async throws(BridgeError) -> PruneStep {
    try await base.prune(before: time, after: place, dryRun: dryRun)
  }
  public func giveBackSpace() async throws(BridgeError) -> ReturnedSpace { try await base.giveBackSpace() }
  public func exists() async throws(BridgeError) -> Bool { try await base.exists() }
  public func archiveIdentity() async throws(BridgeError) -> String { try await base.archiveIdentity() }
  public func archiveTotals() async throws(BridgeError) -> ArchiveTotals { try await base.archiveTotals() }
  public func archived<Record: ArchiveRecord>(
    _ type: Record.Type, after place: Int64?, limit: Int
  ) async throws(BridgeError) -> ArchivePage<Record> {
    try await base.archived(type, after: place, limit: limit)
  }
  public func archivedAgents() async throws(BridgeError) -> [ArchivedAgent] { try await base.archivedAgents() }
  public func counterparts<Record: ArchiveRecord>(of records: [Record]) async throws(BridgeError) -> [ArchivedText: Record] {
    try await base.counterparts(of: records)
  }
  public func write<Record: ArchiveRecord>(_ records: [Record]) async throws(BridgeError) -> ArchiveOutcome {
    try await base.write(records)
  }
  public func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome { try await base.write(agents) }
  public func close() async { await base.close() }
}
