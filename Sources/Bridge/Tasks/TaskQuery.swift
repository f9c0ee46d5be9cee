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
    self.agent = agent
    self.role = role
    self.status = status
    self.limit = limit
    self.characters = characters
    self.instance = instance
  }
}

/// Tasks that were asked for. What they tell counts as seen once `lease` is confirmed.
public struct TaskPage: Hashable, Sendable {
  /// Names the lease; nil when there is nothing to confirm.
  public var lease: String?
  public var tasks: [BridgeTask]
  /// Tasks that match and were left.
  public var remaining: Int

  public init(lease: String? = nil, tasks: [BridgeTask], remaining: Int = 0) {
    self.lease = lease
    self.tasks = tasks
    self.remaining = remaining
  }
}

/// One task and everything that happened to it, oldest first.
public struct TaskReport: Hashable, Sendable {
  /// Names the lease; nil when there is nothing to confirm.
  public var lease: String?
  public var task: BridgeTask
  public var history: [TaskEvent]

  public init(lease: String? = nil, task: BridgeTask, history: [TaskEvent]) {
    self.lease = lease
    self.task = task
    self.history = history
  }
}
