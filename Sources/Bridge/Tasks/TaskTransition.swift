/// A wish to move a task to a status.
public struct TransitionRequest: Hashable, Sendable {
  public var taskID: String
  public var actor: Identity
  /// The instance that acts, which becomes the holder of a task that it takes.
  public var instance: Instance
  public var status: TaskStatus
  /// At most 256 KiB of UTF-8 without NUL.
  public var result: String?

  public init(taskID: String, actor: Identity, instance: Instance, status: TaskStatus, result: String? = nil) {
    self.taskID = taskID
    self.actor = actor
    self.instance = instance
    self.status = status
    self.result = result
  }

  /// - Throws: `BridgeError` with the code `invalidValue` that names the field.
  public func validate() throws(BridgeError) {
    try TextRule.reference(taskID, field: "task_id")
    if let result { try TextRule.text(result, field: "result") }
  }
}

/// What a store knows of a task when somebody wants to move it.
public struct TaskState: Hashable, Sendable {
  public var task: BridgeTask
  /// The acting instance held the task once, and lost it to another one.
  public var actorWasHolder: Bool

  public init(task: BridgeTask, actorWasHolder: Bool = false) {
    self.task = task
    self.actorWasHolder = actorWasHolder
  }
}

/// What a store has to write so that a task moves.
public enum TaskTransition: Hashable, Sendable {
  /// The task is in the wished status already: nothing to write.
  case unchanged
  /// Write the status, the result where there is one, and the holder where the task is taken; record the note.
  case change(status: TaskStatus, result: String?, holder: String?, note: String?)
  /// Leave the task as it is, record the late result in its history, and tell the actor by this error.
  case lateResult(note: String, error: BridgeError)
}
