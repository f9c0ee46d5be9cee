import Bridge
import BridgeTesting
import Synchronization

/// A store that fails, or does something else, at the verbs that a test names, and records its calls.
final class FaultyStore: ForwardingStore {
  /// The verbs that can fail; others are forwarded and not recorded.
  enum Verb: Sendable {
    case send, take, confirm, undo, renew, recoverExpired, createTask, transitionTask, heartbeat, exists, wakeUpsForAll
  }

  /// Before or after the verb is carried out. A fault afterwards is a write whose outcome the caller does not know.
  enum Moment: Sendable {
    case before, after
  }

  /// What happens at that moment; an error that it throws is the verb's.
  typealias Action = @Sendable () async throws(BridgeError) -> Void

  private struct State {
    var actions: [(verb: Verb, moment: Moment, action: Action)] = []
    var calls: [(verb: Verb, leases: [String])] = []
  }

  let base: any BridgeStore
  private let state = Mutex(State())

  init(_ base: any BridgeStore) { self.base = base }

  /// Makes the next calls of a verb fail.
  func fail(_ verb: Verb, _ moment: Moment = .before, times: Int = 1) {
    for _ in 0..<times {
      on(verb, moment) { () throws(BridgeError) in throw BridgeError(.storeUnavailable, "The store was told to fail at \(verb).") }
    }
  }

  /// Runs a body at the next call of a verb that has no other fault.
  func on(_ verb: Verb, _ moment: Moment, _ action: @escaping Action) {
    state.withLock { $0.actions.append((verb, moment, action)) }
  }

  /// The verbs that were called, in order.
  var calls: [Verb] { state.withLock { $0.calls.map(\.verb) } }

  /// The leases that were named in calls of a verb, in order.
  func leases(of verb: Verb) -> [String] { state.withLock { $0.calls.filter { $0.verb == verb }.flatMap(\.leases) } }

  private func act(_ verb: Verb, _ moment: Moment) async throws(BridgeError) {
    let action = state.withLock { state -> Action? in
      guard let next = state.actions.firstIndex(where: { $0.verb == verb && $0.moment == moment }) else { return nil }
      return state.actions.remove(at: next).action
    }
    try await action?()
  }

  private func call<Value>(
    _ verb: Verb, _ leases: [String] = [], _ body: (any BridgeStore) async throws -> Value
  ) async throws(BridgeError) -> Value {
    state.withLock { $0.calls.append((verb, leases)) }
    do {
      try await act(verb, .before)
      let value = try await body(base)
      try await act(verb, .after)
      return value
    } catch { throw error as? BridgeError ?? BridgeError(.storeFailed, "\(error)") }
  }
}

extension FaultyStore {
  func send(_ message: NewMessage) async throws(BridgeError) -> SendReceipt {
    try await call(.send) { try await $0.send(message) }
  }
  func take(_ request: TakeRequest) async throws(BridgeError) -> Delivery {
    try await call(.take) { try await $0.take(request) }
  }
  func confirm(_ lease: String) async throws(BridgeError) { try await call(.confirm, [lease]) { try await $0.confirm(lease) } }
  func undo(_ lease: String) async throws(BridgeError) { try await call(.undo, [lease]) { try await $0.undo(lease) } }
  func renew(_ leases: [String]) async throws(BridgeError) { try await call(.renew, leases) { try await $0.renew(leases) } }
  func recoverExpired() async throws(BridgeError) -> Int {
    try await call(.recoverExpired) { try await $0.recoverExpired() }
  }
  func createTask(_ task: NewTask) async throws(BridgeError) -> TaskReceipt {
    try await call(.createTask) { try await $0.createTask(task) }
  }
  func transitionTask(_ request: TransitionRequest) async throws(BridgeError) -> BridgeTask {
    try await call(.transitionTask) { try await $0.transitionTask(request) }
  }
  func heartbeat(_ instance: Instance) async throws(BridgeError) {
    try await call(.heartbeat) { try await $0.heartbeat(instance) }
  }
  func exists() async throws(BridgeError) -> Bool { try await call(.exists) { try await $0.exists() } }
  func wakeUpsForAll() -> WakeUps {
    state.withLock { $0.calls.append((.wakeUpsForAll, [])) }
    return base.wakeUpsForAll()
  }
}
