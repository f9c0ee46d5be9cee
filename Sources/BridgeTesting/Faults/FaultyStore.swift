import Bridge
import Synchronization

/// A store that fails, or does something else, at the verbs that a test names, and records its calls. Only verbs of `StoreVerb` fail.
public final class FaultyStore: ForwardingStore {
  /// Before or after the verb is carried out. A fault afterwards is a write whose outcome the caller does not know.
  public enum Moment: Hashable, Sendable {
    case before, after
  }

  /// What happens at that moment; an error that it throws is the verb's.
  public typealias Action = @Sendable () async throws(BridgeError) -> Void

  private struct Place: Hashable {
    var verb: StoreVerb
    var moment: Moment
  }

  private struct State {
    var actions: [Place: [Action]] = [:]
    var calls: [StoreVerb] = []
    var leases: [StoreVerb: [String]] = [:]
  }

  public let base: any BridgeStore
  private let state = Mutex(State())

  public init(_ base: any BridgeStore) { self.base = base }

  /// Makes the next calls of a verb fail.
  public func fail(_ verb: StoreVerb, _ moment: Moment = .before, times: Int = 1) {
    for _ in 0..<times {
      on(verb, moment) { () throws(BridgeError) in throw BridgeError(.storeUnavailable, "The store was told to fail at \(verb).") }
    }
  }

  /// Runs a body at the next call of a verb that has no other fault.
  public func on(_ verb: StoreVerb, _ moment: Moment, _ action: @escaping Action) {
    state.withLock { $0.actions[Place(verb: verb, moment: moment), default: []].append(action) }
  }

  /// The verbs that were called, in order.
  public var calls: [StoreVerb] { state.withLock(\.calls) }

  /// The leases that were named in calls of a verb, in order.
  public func leases(of verb: StoreVerb) -> [String] { state.withLock { $0.leases[verb] ?? [] } }

  private func act(_ verb: StoreVerb, _ moment: Moment) async throws(BridgeError) {
    let action = state.withLock { state -> Action? in
      let place = Place(verb: verb, moment: moment)
      guard let first = state.actions[place]?.first else { return nil }
      state.actions[place]?.removeFirst()
      return first
    }
    try await action?()
  }

  private func call<Value>(
    _ verb: StoreVerb, _ leases: [String] = [], _ body: () async throws(BridgeError) -> Value
  ) async throws(BridgeError) -> Value {
    state.withLock { state in
      state.calls.append(verb)
      state.leases[verb, default: []] += leases
    }
    try await act(verb, .before)
    let value = try await body()
    try await act(verb, .after)
    return value
  }
}

/// The verbs of `BridgeStore` that a `FaultyStore` can make fail.
public enum StoreVerb: String, Sendable, Hashable, CaseIterable {
  case send, take, history, message, unreadCounts
  case confirm, undo, renew, recoverExpired
  case createTask, transitionTask, tasks, task
  case agents, addAgent, heartbeat, signOff
}

extension FaultyStore {
  public func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    try await call(.send) { () async throws(BridgeError) in try await base.send(message) }
  }
  public func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    try await call(.take) { () async throws(BridgeError) in try await base.take(request) }
  }
  public func history(_ query: HistoryQuery) async throws(BridgeError) -> HistoryPage {
    try await call(.history) { () async throws(BridgeError) in try await base.history(query) }
  }
  public func message(_ id: String, for agent: Identity) async throws(BridgeError) -> Message? {
    try await call(.message) { () async throws(BridgeError) in try await base.message(id, for: agent) }
  }
  public func unreadCounts(for agent: Identity) async throws(BridgeError) -> UnreadCounts {
    try await call(.unreadCounts) { () async throws(BridgeError) in try await base.unreadCounts(for: agent) }
  }
  public func confirm(_ lease: String) async throws(BridgeError) {
    try await call(.confirm, [lease]) { () async throws(BridgeError) in try await base.confirm(lease) }
  }
  public func undo(_ lease: String) async throws(BridgeError) {
    try await call(.undo, [lease]) { () async throws(BridgeError) in try await base.undo(lease) }
  }
  public func renew(_ leases: [String]) async throws(BridgeError) {
    try await call(.renew, leases) { () async throws(BridgeError) in try await base.renew(leases) }
  }
  @discardableResult public func recoverExpired() async throws(BridgeError) -> Int {
    try await call(.recoverExpired) { () async throws(BridgeError) in try await base.recoverExpired() }
  }
  public func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    try await call(.createTask) { () async throws(BridgeError) in try await base.createTask(task) }
  }
  public func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    try await call(.transitionTask) { () async throws(BridgeError) in try await base.transitionTask(request) }
  }
  public func tasks(_ query: TaskQuery) async throws(BridgeError) -> TaskPage {
    try await call(.tasks) { () async throws(BridgeError) in try await base.tasks(query) }
  }
  public func task(_ id: String, for agent: Identity, instance: Instance?) async throws(BridgeError) -> TaskReport {
    try await call(.task) { () async throws(BridgeError) in try await base.task(id, for: agent, instance: instance) }
  }
  public func agents() async throws(BridgeError) -> [AgentSummary] {
    try await call(.agents) { () async throws(BridgeError) in try await base.agents() }
  }
  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    try await call(.addAgent) { () async throws(BridgeError) in try await base.addAgent(agent) }
  }
  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    try await call(.heartbeat) { () async throws(BridgeError) in try await base.heartbeat(instance) }
  }
  public func signOff(_ instance: Instance) async throws(BridgeError) {
    try await call(.signOff) { () async throws(BridgeError) in try await base.signOff(instance) }
  }
}
