/// Which tasks are wanted, in the order in which they were created.
public struct TaskQuery: Hashable, Sendable {
  public var agent: Identity
  public var role: TaskRole
  public var status: TaskStatus?
  public var limit: Int
  /// The most characters that the tasks may take in a reply; the first is returned whatever its size.
  public var characters: Int
  /// The instance that reads: what it is shown counts as seen once the reply has left it. Nil to look only.
  public var instance: Instance?

  public init(
    agent: Identity, role: TaskRole = .assignee, status: TaskStatus? = nil, limit: Int = 50, characters: Int = ReplyBudget.characters,
    instance: Instance? = nil
  ) {
    (self.agent, self.role, self.status, self.limit, self.characters, self.instance) = (agent, role, status, limit, characters, instance)
  }
}

/// One task and everything that happened to it, oldest first.
public struct TaskReport: Hashable, Sendable {
  /// Names the lease; nil when there is nothing to confirm.
  public var lease: String?
  public var task: BridgeTask
  public var history: [TaskEvent]

  public init(lease: String? = nil, task: BridgeTask, history: [TaskEvent]) {
    (self.lease, self.task, self.history) = (lease, task, history)
  }
}
