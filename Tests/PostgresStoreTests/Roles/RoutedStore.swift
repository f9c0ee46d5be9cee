import Bridge
import BridgeTesting
import Synchronization

@testable import PostgresStore

/// One store for all agents. Each verb runs on the store that is logged in as the acting agent, because the shared suite plays both sides
/// on one store.
final class RoutedStore: ForwardingStore {
  private let store: @Sendable (Identity) async throws -> PostgresStore
  private let owner: PostgresStore
  var base: any BridgeStore { owner }
  private let opened: @Sendable () -> [PostgresStore]

  /// - Parameters:
  ///   - owner: logged in as the schema's owner, for actions of a person.
  ///   - opened: the stores that exist so far.
  init(
    owner: PostgresStore, opened: @escaping @Sendable () -> [PostgresStore],
    for agent: @escaping @Sendable (Identity) async throws -> PostgresStore
  ) {
    self.owner = owner
    self.opened = opened
    self.store = agent
  }

  private func of(_ agent: Identity?) async throws(BridgeError) -> PostgresStore {
    guard let agent else { return owner }
    do { return try await store(agent) } catch { throw BridgeError(.storeFailed, "no login: \(error)") }
  }

  func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt { try await of(message.sender).send(message) }
  func broadcast(_ broadcast: Broadcast) async throws(BridgeError) -> [SendReceipt] { try await of(broadcast.sender).broadcast(broadcast) }
  func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery { try await of(request.agent).take(request) }
  func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage { try await of(query.agent).history(query) }
  func message(_ id: String, for agent: Identity?) async throws(BridgeError) -> Message? { try await of(agent).message(id, for: agent) }
  func unreadCounts(for viewer: Viewer) async throws(BridgeError) -> UnreadCounts { try await of(viewer.agent).unreadCounts(for: viewer) }
  func setAside(of agent: Identity) async throws(BridgeError) -> [Message] { try await of(agent).setAside(of: agent) }
  func deliverAgain(_ id: String, to agent: Identity) async throws(BridgeError) -> Bool { try await of(agent).deliverAgain(id, to: agent) }
  func sessions(of agent: Identity?) async throws(BridgeError) -> [SessionSummary] { try await of(agent ?? .code).sessions(of: agent) }
  func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt { try await of(task.sender).createTask(task) }
  func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    try await of(request.actor).transitionTask(request)
  }
  func tasks(_ query: TaskQuery) async throws(BridgeError) -> Delivery { try await of(query.agent).tasks(query) }
  func task(_ id: String, for agent: Identity?, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await of(agent).task(id, for: agent, instance: instance)
  }
  func heartbeat(_ instance: Instance) async throws(BridgeError) { try await of(instance.agent).heartbeat(instance) }
  func signOff(_ instance: Instance, endsSession: Bool) async throws(BridgeError) {
    try await of(instance.agent).signOff(instance, endsSession: endsSession)
  }

  // Leases: row-level security decides whose they are.
  func confirm(_ lease: String) async throws(BridgeError) { for store in opened() { try await store.confirm(lease) } }
  func undo(_ lease: String) async throws(BridgeError) { for store in opened() { try await store.undo(lease) } }
  func renew(_ leases: [String]) async throws(BridgeError) { for store in opened() { try await store.renew(leases) } }
  func recoverExpired() async throws(BridgeError) -> Int {
    var count = 0
    for store in opened() { count += try await store.recoverExpired() }
    return count
  }

  // What a person does, and what each server does alike.
  func addAgent(_ agent: Identity) async throws(BridgeError) { try await owner.addAgent(agent) }
  func agents(_ query: AgentQuery) async throws(BridgeError) -> AgentPage { try await of(query.own ?? .code).agents(query) }

  func wakeUps(for agent: Identity, _ urgency: WakeUps.Urgency) -> WakeUps {
    let known = opened().first { $0.pool.settings.redactedDescription.contains(" as login_\(agent)_") }
    return (known ?? owner).wakeUps(for: agent, urgency)
  }

  func close() async {
    for store in opened() + [owner] { await store.close() }
  }
}
