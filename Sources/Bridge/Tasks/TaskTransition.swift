/// A wish to move a task to a status.
public struct TransitionRequest: Hashable, Sendable {
  public var taskID: String
  public var actor: Identity
  /// The instance that acts, which becomes the holder of a task that it takes.
  public var instance: Instance
  public var status: TaskStatus
  /// At most 256 KiB of UTF-8 without NUL.
  public var result: String?
  /// A person has it take the task from whoever holds it.
  public var takesOver = false

  public init(taskID: String, actor: Identity, instance: Instance, status: TaskStatus, result: String? = nil) {
    (self.taskID, self.actor, self.instance, self.status, self.result) = (taskID, actor, instance, status, result)
  }

  public var task: IDReference { IDReference(taskID, field: "task_id", to: .task) }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public func validate() throws(BridgeError) {
    try TextRule.reference(taskID, field: "task_id")
    if let result { try TextRule.text(result, field: "result") }
  }
}

/// Everything that a store writes, in one transaction, for a request to move a task.
public struct TaskDecision: Hashable, Sendable {
  /// A new status, and a new result; a result of nil leaves the present one.
  public struct Change: Hashable, Sendable {
    public var status: TaskStatus
    public var result: String?
  }

  /// What becomes of the claim on the task.
  public enum Claim: Hashable, Sendable {
    case keep, release
    /// The acting instance takes the claim, or renews its own.
    case take
  }

  /// An entry of the task's history.
  public struct Event: Hashable, Sendable {
    public var from: String?
    public var to: String?
    public var note: String?

    /// A trigger of the table records a change of the status, and the store adds the rest to that entry.
    public var movesStatus: Bool { from != to }
  }

  public var change: Change?
  public var claim = Claim.keep
  /// Whether this ends the claim of another instance of the agent.
  public var displacesHolder = false
  public var event: Event?
  /// For which sides the task becomes news, or is none any more.
  public var news: [TaskRole: Bool] = [:]
  /// The sides whose agents are woken.
  public var wakes: Set<TaskRole> = []
  /// Thrown after the commit.
  public var refusal: BridgeError?
}
