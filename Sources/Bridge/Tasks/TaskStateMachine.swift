/// Decides who may move a task, and where to.
///
/// Only the assignee moves a task; its creator may end one that has not ended. An ended task stays ended. Of several processes with the
/// assignee's identity one holds a task that is in progress; another may take it over once the claim is stale.
public enum TaskStateMachine {
  /// What a request does to a task.
  ///
  /// - Parameter wasHolder: whether the acting instance held the task once, and lost it to another one.
  /// - Throws: `BridgeError` with the code `notFound`, `notAllowed`, `wrongStatus` or `alreadyClaimed`: nothing is to be written.
  public static func decide(
    _ task: BridgeTask, wasHolder: Bool, _ request: TransitionRequest
  ) throws(BridgeError) -> TaskDecision {
    let isAssignee = task.recipient == request.actor.name
    let isCreator = task.sender == request.actor.name
    guard isAssignee || isCreator else { throw .noSuchTask(request.taskID, for: request.actor) }
    if let status = task.status.flatMap(TaskStatus.init), status.isEnded {
      return try again(status, task, wasHolder: wasHolder, request, isAssignee: isAssignee)
    }
    if isAssignee, wasHolder, let late = lateResult(task, request) { return late }
    return isAssignee ? try move(task, request) : try end(task, request)
  }

  /// The result of one that lost the task to another process, which is at work on it.
  private static func lateResult(_ task: BridgeTask, _ request: TransitionRequest) -> TaskDecision? {
    guard request.status.isEnded, let holder = task.holder, holder != request.instance.id, !task.stale else { return nil }
    let error = BridgeError(
      .alreadyClaimed,
      "Task \(request.taskID) was taken over by \(holder), which is at work on it; your late result was recorded in its history.")
    return recordLate(task, request, error)
  }

  /// Leaves the task as it is, and records the result in its history.
  private static func recordLate(_ task: BridgeTask, _ request: TransitionRequest, _ error: BridgeError) -> TaskDecision {
    let note = "late result (\(request.status)): \(request.result ?? "none given")"
    return TaskDecision(
      event: .init(from: task.status, to: task.status, note: note), news: [.creator: true], wakes: [.creator], refusal: error)
  }

  /// The task is what the request wants already.
  private static func unchanged(_ task: BridgeTask, _ request: TransitionRequest) -> TaskDecision {
    TaskDecision(claim: task.holder == request.instance.id ? .take : .keep, news: seen(task, by: request.actor))
  }

  /// - Parameter note: for the history; nil for the result.
  private static func change(_ task: BridgeTask, _ request: TransitionRequest, note: String? = nil) -> TaskDecision {
    let event = TaskDecision.Event(from: task.status, to: request.status.rawValue, note: note ?? request.result)
    var news = [TaskRole.creator: true]
    if event.movesStatus, request.status.isEnded { news[.assignee] = true }
    return TaskDecision(
      change: .init(status: request.status, result: request.result), claim: request.status == .inProgress ? .take : .release, event: event,
      news: news.merging(seen(task, by: request.actor)) { $1 }, wakes: event.movesStatus ? [.assignee, .creator] : [.creator])
  }

  /// An agent that acts on a task has seen it.
  private static func seen(_ task: BridgeTask, by agent: Identity) -> [TaskRole: Bool] {
    var seen = [TaskRole: Bool]()
    if task.recipient == agent.name { seen[.assignee] = false }
    if task.sender == agent.name { seen[.creator] = false }
    return seen
  }

  /// The creator's one right.
  private static func end(_ task: BridgeTask, _ request: TransitionRequest) throws(BridgeError) -> TaskDecision {
    guard request.status == .failed else {
      throw BridgeError(
        .notAllowed,
        "Task \(request.taskID) is assigned to \(task.recipient ?? "nobody"), and only the assignee moves it to \(request.status): "
          + "as its creator you may end it with status failed.")
    }
    var request = request
    request.result = endedByCreator(request)
    return change(task, request)
  }

  private static func move(_ task: BridgeTask, _ request: TransitionRequest) throws(BridgeError) -> TaskDecision {
    let status = task.status.flatMap(TaskStatus.init)
    switch request.status {
    case .pending:
      if status == .pending, isSame(request.result, task.result) { return unchanged(task, request) }
      throw BridgeError(
        .wrongStatus,
        "Task \(request.taskID) is \(task.status ?? "without a status") and cannot become pending: "
          + "move it to in_progress, completed or failed.")
    case .inProgress where status == .inProgress:
      guard let holder = task.holder else { break }
      if holder == request.instance.id {
        if isSame(request.result, task.result) { return unchanged(task, request) }
        break
      }
      guard task.stale else {
        throw BridgeError(
          .alreadyClaimed,
          "Task \(request.taskID) is in_progress already, held by \(holder): leave it to that process, or take another task.")
      }
      return change(task, request, note: "taken over from \(holder), which gave no sign of life")
    case .inProgress, .completed, .failed: break
    }
    return change(task, request)
  }

  /// A request about a task that has ended.
  private static func again(
    _ status: TaskStatus, _ task: BridgeTask, wasHolder: Bool, _ request: TransitionRequest, isAssignee: Bool
  ) throws(BridgeError) -> TaskDecision {
    let isRepeated = isSame(request.result, task.result) || !isAssignee && task.result == endedByCreator(request)
    if request.status == status, isRepeated { return unchanged(task, request) }
    let message = "Task \(request.taskID) is \(status) already, and an ended task stays as it is"
    if isAssignee, wasHolder, request.result != nil {
      let error = BridgeError(.wrongStatus, "\(message); your late result was recorded in its history.")
      return recordLate(task, request, error)
    }
    throw BridgeError(.wrongStatus, "\(message): create a new task if there is more to do.")
  }

  /// No result given means none is disputed.
  private static func isSame(_ wished: String?, _ present: String?) -> Bool { wished == nil || wished == present }

  private static func endedByCreator(_ request: TransitionRequest) -> String {
    "Ended by its creator \(request.actor): \(request.result ?? "no reason given")"
  }
}

extension BridgeError {
  /// No task of this id that the agent created or is assigned to.
  public static func noSuchTask(_ id: String, for agent: Identity) -> BridgeError {
    BridgeError(
      .notFound, "There is no task \"\(excerpt(id))\" that \(agent) created or is assigned to: get_tasks lists the task ids.")
  }
}
