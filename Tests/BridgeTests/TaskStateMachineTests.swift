import Bridge
import Testing

/// A task goes `pending -> in_progress -> completed | failed`, exactly; one table says who may do what.
@Suite("The state machine of tasks")
struct TaskStateMachineTests {
  enum Actor: CaseIterable { case assignee, creator, both, stranger }
  enum Holder: CaseIterable { case nobody, actor, another, dead }
  enum Outcome: Hashable {
    case unchanged, taken, takenOver, ended, late
    case refused(BridgeError.Code)
  }

  static let statuses = ["pending", "in_progress", "completed", "failed", "on hold", nil]

  /// The rules of docs/architecture.md, spelled out independently.
  private static func expected(_ status: String?, _ actor: Actor, _ request: TaskStatus, _ holder: Holder) -> Outcome {
    if actor == .stranger { return .refused(.notFound) }
    if status == "completed" || status == "failed" { return request.rawValue == status ? .unchanged : .refused(.wrongStatus) }
    if actor == .creator { return request == .failed ? .ended : .refused(.notAllowed) }
    switch request {
    case .pending: return status == "pending" ? .unchanged : .refused(.wrongStatus)
    case .completed, .failed: return .ended
    case .inProgress:
      guard status == "in_progress" else { return .taken }
      switch holder {
      case .nobody: return .taken
      case .actor: return .unchanged
      case .another: return .refused(.alreadyClaimed)
      case .dead: return .takenOver
      }
    }
  }

  private static let instance = Instance(agent: .code)

  private static func decide(
    _ status: String?, _ actor: Actor, _ request: TaskStatus, _ holder: Holder, result: String? = nil, present: String? = nil,
    wasHolder: Bool = false
  ) throws(BridgeError) -> TaskTransition {
    let holderID = [Holder.nobody: nil, .actor: instance.id, .another: "code@far:1", .dead: "code@far:1"][holder] ?? nil
    var task = BridgeTask(id: "t", sender: "cowork", recipient: "code", title: "t", description: "d", status: status, result: present)
    task.holder = holderID
    task.stale = holder == .dead
    switch actor {
    case .assignee: break
    case .creator: (task.sender, task.recipient) = ("code", "cowork")
    case .both: task.sender = "code"
    case .stranger: (task.sender, task.recipient) = ("a", "b")
    }
    return try TaskStateMachine.transition(
      TaskState(task: task, actorWasHolder: wasHolder),
      by: TransitionRequest(taskID: "t", actor: .code, instance: instance, status: request, result: result))
  }

  @Test(arguments: statuses, Actor.allCases)
  func everyCombinationOfStatusActorRequestAndHolderIsDecided(status: String?, actor: Actor) {
    for request in TaskStatus.allCases {
      for holder in Holder.allCases {
        let outcome: Outcome
        do {
          switch try Self.decide(status, actor, request, holder) {
          case .unchanged: outcome = .unchanged
          case .lateResult: outcome = .late
          case .change(let status, _, nil, _):
            #expect(status == request)
            outcome = .ended
          case .change(let status, _, let newHolder, let note):
            #expect(status == request && newHolder == Self.instance.id)
            outcome = note?.hasPrefix("taken over") == true ? .takenOver : .taken
          }
        } catch { outcome = .refused(error.code) }
        #expect(outcome == Self.expected(status, actor, request, holder), "\(request), held by \(holder)")
      }
    }
  }

  @Test func aRepeatedEndSucceedsUnlessItsResultDiffers() throws {
    #expect(try Self.decide("completed", .assignee, .completed, .nobody, result: "r", present: "r") == .unchanged)
    #expect(try Self.decide("completed", .assignee, .completed, .nobody, present: "r") == .unchanged)
    let error = #expect(throws: BridgeError.self) {
      try Self.decide("completed", .assignee, .completed, .nobody, result: "other", present: "r")
    }
    #expect(error?.code == .wrongStatus && error?.message.contains("completed") == true)
  }

  @Test func aProgressNoteOfTheHolderIsAChange() throws {
    #expect(
      try Self.decide("in_progress", .assignee, .inProgress, .actor, result: "half", present: nil)
        == .change(status: .inProgress, result: "half", holder: Self.instance.id, note: "half"))
  }

  @Test func aLateResultIsRecordedOnlyForAFormerHolder() throws {
    guard
      case .lateResult(let note, let error) = try Self.decide(
        "completed", .assignee, .failed, .nobody, result: "mine", present: "theirs", wasHolder: true)
    else {
      Issue.record("not recorded")
      return
    }
    #expect(note.contains("mine") && note.contains("failed") && error.code == .wrongStatus)
    #expect(throws: BridgeError.self) {
      try Self.decide("completed", .assignee, .failed, .nobody, result: "mine", present: "theirs", wasHolder: false)
    }
    guard
      case .lateResult(let early, let taken) = try Self.decide(
        "in_progress", .assignee, .completed, .another, result: "mine", wasHolder: true)
    else {
      Issue.record("a task that another process has taken over is ended by its first holder")
      return
    }
    #expect(early.contains("mine") && taken.code == .alreadyClaimed && taken.message.contains("code@far:1"))
    // If the new holder is gone as well, the first holder's result counts.
    guard
      case .change(.completed, "mine", nil, _) = try Self.decide(
        "in_progress", .assignee, .completed, .dead, result: "mine", wasHolder: true)
    else {
      Issue.record("nobody is left to end the task")
      return
    }
    #expect(throws: BridgeError.self) { try Self.decide("completed", .assignee, .failed, .nobody, present: "theirs", wasHolder: true) }
  }

  @Test func aTaskEndedByItsCreatorSaysWhoAndWhyAndTheCallCanBeRepeated() throws {
    guard case .change(.failed, let result?, nil, let note) = try Self.decide("in_progress", .creator, .failed, .another, result: "late")
    else {
      Issue.record("not ended")
      return
    }
    #expect(result.contains("code") && result.contains("late") && note == result)
    #expect(try Self.decide("failed", .creator, .failed, .nobody, result: "late", present: result) == .unchanged)
    guard case .change(_, let bare?, _, _) = try Self.decide("pending", .creator, .failed, .nobody) else {
      Issue.record("not ended")
      return
    }
    #expect(bare.contains("no reason"))
  }

  @Test func completedAndFailedAreEnds() { #expect(TaskStatus.allCases.filter(\.isEnded) == [.completed, .failed]) }
}
