/// Decides who may move a task, and where to.
///
/// Only the assignee moves a task; its creator may end one that has not ended. An ended task stays ended. Of several processes with the
/// assignee's identity one session holds a task that is in progress: the others leave it alone until the claim is stale, or a person has them
/// take it over. A result that is refused is recorded in the task's history.
public enum TaskStateMachine {
  /// What a request does to a task.
  ///
  /// - Throws: `BridgeError` with the code `notFound`, `notAllowed`, `wrongStatus` or `alreadyClaimed`: nothing is to be written.
  public static func decide(_ task: BridgeTask, _ request: TransitionRequest) throws(BridgeError) -> TaskDecision {
    let isAssignee = task.recipient == request.actor.name
    let isCreator = task.sender == request.actor.name
    guard isAssignee || isCreator else { throw .noSuchTask(request.taskID, for: request.actor) }
    if let status = task.status.flatMap(TaskStatus.init), status.isEnded {
      return try again(status, task, request, isAssignee: isAssignee)
    }
    if !isAssignee { return try end(task, request) }
    if let holder = task.holder, !task.isHeld(by: request.instance) {
      guard task.stale || request.takesOver else { return try refuse(.held(request, by: holder), task, request) }
      if request.status != .pending { return displace(holder, of: task, request, note: !request.instance.isCommand(like: holder)) }
    }
    return try move(task, request)
  }

  /// Leaves the task as it is, and records the result, if the request has one, in its history. An assignee's end is recorded without
  /// one, too.
  private static func refuse(_ error: BridgeError, _ task: BridgeTask, _ request: TransitionRequest) throws(BridgeError) -> TaskDecision {
    let isAssignee = task.recipient == request.actor.name
    guard request.result != nil || (isAssignee && request.status.isEnded) else { throw error }
    let note = "refused result (\(request.status)): \(request.result ?? "none given")"
    return TaskDecision(
      event: .init(from: task.status, to: task.status, note: note), news: isAssignee ? [.creator: true] : [:],
      wakes: isAssignee ? [.creator] : [],
      refusal: BridgeError(error.code, "\(error.message) The result was recorded in its history."))
  }

  /// Carries out the request of another instance than the holder.
  ///
  /// - Parameter note: whether the history says so.
  private static func displace(_ holder: String, of task: BridgeTask, _ request: TransitionRequest, note: Bool) -> TaskDecision {
    let reason = task.stale ? "which gave no sign of life" : "as a person wanted"
    let result = request.result.map { ": \($0)" } ?? ""
    var decision = change(task, request, note: note ? "taken over from \(holder), \(reason)\(result)" : nil)
    decision.displacesHolder = true
    return decision
  }

  /// The task is what the request wants already.
  private static func unchanged(_ task: BridgeTask, _ request: TransitionRequest) -> TaskDecision {
    TaskDecision(claim: task.isHeld(by: request.instance) ? .take : .keep, news: seen(task, by: request.actor))
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
      let error = BridgeError(
        .notAllowed,
        "Task \(request.shownID) is assigned to \(PeerText.agent(task.recipient)), and only the assignee moves it to \(request.status): "
          + "as its creator you may end it with status failed.")
      return try refuse(error, task, request)
    }
    var request = request
    request.result = endedByCreator(request)
    return change(task, request)
  }

  private static func move(_ task: BridgeTask, _ request: TransitionRequest) throws(BridgeError) -> TaskDecision {
    let isRepeated = task.status == request.status.rawValue && isSame(request.result, task.result)
    switch request.status {
    case .pending:
      if isRepeated { return unchanged(task, request) }
      throw BridgeError(
        .wrongStatus,
        "Task \(request.shownID) is \(task.status.map { PeerText.status($0) } ?? "without a status") and cannot become pending: "
          + "move it to in_progress, completed or failed.")
    case .inProgress where isRepeated && task.holder != nil: return unchanged(task, request)
    case .inProgress, .completed, .failed: return change(task, request)
    }
  }

  /// A request about a task that has ended.
  private static func again(
    _ status: TaskStatus, _ task: BridgeTask, _ request: TransitionRequest, isAssignee: Bool
  ) throws(BridgeError) -> TaskDecision {
    let isRepeated = isSame(request.result, task.result) || !isAssignee && task.result == endedByCreator(request)
    if request.status == status, isRepeated { return unchanged(task, request) }
    let error = BridgeError(
      .wrongStatus,
      "Task \(request.shownID) is \(status) already, and an ended task stays as it is: create a new task if there is more to do.")
    return try refuse(error, task, request)
  }

  /// No result given means none is disputed.
  private static func isSame(_ wished: String?, _ present: String?) -> Bool { wished == nil || wished == present }

  private static func endedByCreator(_ request: TransitionRequest) -> String {
    "Ended by its creator \(request.actor): \(request.result ?? "no reason given")"
  }
}

extension TransitionRequest {
  fileprivate var shownID: String { PeerText.id(taskID) }
}

extension BridgeTask {
  /// Whether the instance or its session has the task.
  fileprivate func isHeld(by instance: Instance) -> Bool {
    guard let holder else { return false }
    return holder == instance.id || holderSession != nil && holderSession == instance.session?.stamp
  }
}

extension BridgeError {
  fileprivate static func held(_ request: TransitionRequest, by holder: String) -> BridgeError {
    BridgeError(
      .alreadyClaimed,
      "Task \(request.shownID) is in_progress already, held by \(PeerText.holder(holder)): leave it to that process, or take another task.")
  }

  /// No task of this id, or none that the agent created or is assigned to.
  public static func noSuchTask(_ id: String, for agent: Identity?) -> BridgeError {
    let whose = agent.map { " that \($0) created or is assigned to" } ?? ""
    return BridgeError(.notFound, "There is no task \"\(excerpt(id))\"\(whose): get_tasks lists the task ids.")
  }
}
