import Testing

@testable import Bridge

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
  ) throws(BridgeError) -> TaskDecision {
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
    return try TaskStateMachine.decide(
      task, wasHolder: wasHolder,
      TransitionRequest(taskID: "t", actor: .code, instance: instance, status: request, result: result))
  }

  @Test(arguments: statuses, Actor.allCases)
  func everyCombinationOfStatusActorRequestAndHolderIsDecided(status: String?, actor: Actor) {
    for request in TaskStatus.allCases {
      for holder in Holder.allCases {
        let outcome: Outcome
        do {
          let decision = try Self.decide(status, actor, request, holder)
          expectConsistent(decision, status, actor)
          switch (decision.change?.status, decision.claim) {
          case (nil, _): outcome = decision.refusal == nil ? .unchanged : .late
          case (request, .take): outcome = decision.event?.note?.hasPrefix("taken over") == true ? .takenOver : .taken
          case (request, .release): outcome = .ended
          default: outcome = .refused(.storeFailed)
          }
        } catch { outcome = .refused(error.code) }
        #expect(outcome == Self.expected(status, actor, request, holder), "\(request), held by \(holder)")
      }
    }
  }

  /// What holds for every decision without a refusal: a change is recorded and wakes, and the actor has seen the task.
  private func expectConsistent(_ decision: TaskDecision, _ status: String?, _ actor: Actor) {
    let mine: Set<TaskRole> = [Actor.assignee: [.assignee], .creator: [.creator], .both: [.assignee, .creator]][actor] ?? []
    for side in mine { #expect(decision.news[side] == false) }
    guard let change = decision.change else {
      #expect(decision.event == nil && decision.wakes.isEmpty)
      return
    }
    #expect(decision.event?.from == status && decision.event?.to == change.status.rawValue)
    #expect(decision.wakes == (status == change.status.rawValue ? [.creator] : [.assignee, .creator]))
    if actor == .assignee { #expect(decision.news[.creator] == true) }
    if actor == .creator { #expect(decision.news[.assignee] == true && change.status.isEnded) }
  }

  @Test func aRepeatedEndSucceedsUnlessItsResultDiffers() throws {
    for result in ["r", nil] {
      let decision = try Self.decide("completed", .assignee, .completed, .nobody, result: result, present: "r")
      #expect(decision == TaskDecision(news: [.assignee: false]))
    }
    let error = #expect(throws: BridgeError.self) {
      try Self.decide("completed", .assignee, .completed, .nobody, result: "other", present: "r")
    }
    #expect(error?.code == .wrongStatus && error?.message.contains("completed") == true)
  }

  @Test func aRepeatedClaimOfTheHolderIsRenewed() throws {
    #expect(try Self.decide("in_progress", .assignee, .inProgress, .actor) == TaskDecision(claim: .take, news: [.assignee: false]))
  }

  @Test func aProgressNoteOfTheHolderIsAChange() throws {
    #expect(
      try Self.decide("in_progress", .assignee, .inProgress, .actor, result: "half", present: nil)
        == TaskDecision(
          change: .init(status: .inProgress, result: "half"), claim: .take,
          event: .init(from: "in_progress", to: "in_progress", note: "half"), news: [.creator: true, .assignee: false],
          wakes: [.creator]))
  }

  @Test(arguments: [("completed", Holder.nobody, BridgeError.Code.wrongStatus), ("in_progress", .another, .alreadyClaimed)])
  func theLateResultOfAFormerHolderIsRefusedAndRecorded(status: String, holder: Holder, code: BridgeError.Code) throws {
    let decision = try Self.decide(status, .assignee, .failed, holder, result: "mine", present: "theirs", wasHolder: true)
    #expect(
      decision
        == TaskDecision(
          event: .init(from: status, to: status, note: "late result (failed): mine"), news: [.creator: true], wakes: [.creator],
          refusal: decision.refusal))
    #expect(decision.refusal?.code == code)
  }

  @Test func aLateResultOfAnyoneElseIsNotRecorded() throws {
    for (result, wasHolder) in [("mine", false), (nil, true)] {
      let error = #expect(throws: BridgeError.self) {
        try Self.decide("completed", .assignee, .failed, .nobody, result: result, present: "theirs", wasHolder: wasHolder)
      }
      #expect(error?.code == .wrongStatus)
    }
  }

  @Test func theFirstHolderEndsATaskWhoseNewHolderIsGone() throws {
    let decision = try Self.decide("in_progress", .assignee, .completed, .dead, result: "mine", wasHolder: true)
    #expect(decision.change == .init(status: .completed, result: "mine") && decision.claim == .release && decision.refusal == nil)
  }

  @Test func aTaskEndedByItsCreatorSaysWhoAndWhyAndTheCallCanBeRepeated() throws {
    let decision = try Self.decide("in_progress", .creator, .failed, .another, result: "late")
    let result = try #require(decision.change?.result)
    #expect(result.contains("code") && result.contains("late") && decision.event?.note == result)
    #expect(try Self.decide("failed", .creator, .failed, .nobody, result: "late", present: result).change == nil)
    #expect(try Self.decide("pending", .creator, .failed, .nobody).change?.result?.contains("no reason") == true)
  }

  @Test func completedAndFailedAreEnds() { #expect(TaskStatus.allCases.filter(\.isEnded) == [.completed, .failed]) }
}
