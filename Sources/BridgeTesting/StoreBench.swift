import Bridge
import Testing

/// What a case works with: a store on an empty database, and shorthands.
public struct StoreBench: Sendable {
  public let harness: any StoreHarness
  /// With the documented timing.
  public let store: any BridgeStore
  /// One process of each of the two agents that always exist.
  public let code = Instance(agent: .code)
  public let cowork = Instance(agent: .cowork)

  /// Another process on the same database.
  func another(_ timing: StoreTiming = StoreTiming()) async throws -> any BridgeStore { try await harness.makeStore(timing: timing) }

  /// Another process, whose leases expire at once.
  func forgetful() async throws -> any BridgeStore { try await another(StoreTiming(lease: .seconds(-1))) }

  /// Sends from `cowork` to `code`.
  @discardableResult func send(_ content: String, id: String = UniqueID.make()) async throws -> SendReceipt {
    try await store.send(NewMessage(id: id, sender: .cowork, recipient: .code, content: content))
  }

  /// Inserts a message as a person would. `read` and `time` are SQL.
  func insert(
    _ id: String, _ content: String? = nil, from sender: String = "cowork", to recipient: String = "code", read: String = "0",
    at time: String = "datetime('now')"
  ) async throws {
    try await harness.executeByHand(
      "INSERT INTO messages (id, sender, recipient, content, read, created_at) "
        + "VALUES ('\(id)', '\(sender)', '\(recipient)', '\(content ?? id)', \(read), \(time))")
  }

  /// Takes as `code`.
  func take(limit: Int = 50, tasks: Bool = false, from store: (any BridgeStore)? = nil) async throws -> Delivery {
    try await (store ?? self.store).take(TakeRequest(agent: .code, includesTasks: tasks, limit: limit, instance: code))
  }

  /// The lease of what `code` takes.
  func lease(limit: Int = 50, tasks: Bool = false, from store: (any BridgeStore)? = nil) async throws -> String {
    try #require(try await take(limit: limit, tasks: tasks, from: store).lease)
  }

  /// What `code` has not read, without taking it.
  func unread() async throws -> [String] { try await store.take(TakeRequest(agent: .code, limit: 200, instance: nil)).contents }

  /// Creates a task of `cowork` for `code`.
  func createTask(_ title: String = "Build it", id: String = UniqueID.make()) async throws -> String {
    try await store.createTask(NewTask(id: id, sender: .cowork, recipient: .code, title: title, description: "All of it")).taskID
  }

  /// Moves a task as `code`, or as another process.
  @discardableResult func move(
    _ task: String, to status: TaskStatus, result: String? = nil, as instance: Instance? = nil, takingOver: Bool = false,
    on store: (any BridgeStore)? = nil
  ) async throws -> BridgeTask {
    let instance = instance ?? code
    var request = TransitionRequest(taskID: task, actor: instance.agent, instance: instance, status: status, result: result)
    request.takesOver = takingOver
    return try await (store ?? self.store).transitionTask(request)
  }

  /// Takes the news of tasks for an agent's process, and confirms them.
  func news(for instance: Instance) async throws -> [BridgeTask] {
    let delivery = try await store.take(TakeRequest(agent: instance.agent, includesTasks: true, instance: instance))
    if let lease = delivery.lease { try await store.confirm(lease) }
    return delivery.tasks
  }

  /// What both sides see of a task, by default `code`.
  func task(_ id: String, for agent: Identity = .code) async throws -> TaskReport {
    try await store.task(id, for: agent, instance: nil)
  }

  /// Whether the agents are online, in the order of their names.
  func online() async throws -> [Bool] { try await store.agents().map(\.online) }

  /// Runs a body many times at once.
  func atOnce<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Value) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
      for number in 0..<count { group.addTask { try await body(number) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// The first column of the first row.
  func valueByHand(_ sql: String) async throws -> String? { try await harness.queryByHand(sql).first?.first ?? nil }
}

extension Delivery {
  var contents: [String] { messages.compactMap(\.content) }
}

extension ProcessIdentity {
  /// A process that is known to have ended: its pid belongs to a process with another start time.
  public static let dead = ProcessIdentity(scope: current.scope, pid: current.pid, start: current.start + "0")
  /// A process on another machine, whose state is unknown.
  public static let elsewhere = ProcessIdentity(scope: "another machine", pid: current.pid, start: current.start + "0")
}

/// The error's code, for an operation that must be refused.
func refusal<Value>(
  of operation: () async throws -> Value, _ location: SourceLocation = #_sourceLocation
) async -> BridgeError? {
  do {
    let value = try await operation()
    Issue.record("It was not refused, and came to \(value)", sourceLocation: location)
    return nil
  } catch {
    if let error = error as? BridgeError { return error }
    Issue.record("It failed otherwise: \(error)", sourceLocation: location)
    return nil
  }
}
