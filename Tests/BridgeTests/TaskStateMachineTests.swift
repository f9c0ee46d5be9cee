import Testing

@testable import Bridge

/// A task goes `pending -> in_progress -> completed | failed`, exactly; one table says who may do what.
@Suite("The state machine of tasks")
struct TaskStateMachineTests {
  enum Actor: CaseIterable { case assignee, creator, both, stranger }
  enum Holder: CaseIterable { case nobody, actor, another, dead }
  enum Outcome: Hashable {
    case unchanged, taken, takenOver, ended
    case refused(BridgeError.Code)
    case recorded(BridgeError.Code)
  }

  static let statuses = ["pending", "in_progress", "completed", "failed", "on hold", nil]

  /// The rules of docs/architecture.md, spelled out independently.
  private static func expected(_ status: String?, _ actor: Actor, _ request: TaskStatus, _ holder: Holder) -> Outcome {
    if actor == .stranger { return .refused(.notFound) }
    let isResult = request == .completed || request == .failed
    if status == "completed" || status == "failed" {
      if request.rawValue == status { return .unchanged }
      return isResult && actor != .creator ? .recorded(.wrongStatus) : .refused(.wrongStatus)
    }
    if actor == .creator { return request == .failed ? .ended : .refused(.notAllowed) }
    if status == "in_progress", holder == .another { return isResult ? .recorded(.alreadyClaimed) : .refused(.alreadyClaimed) }
    let isDead = status == "in_progress" && holder == .dead
    switch request {
    case .pending: return status == "pending" ? .unchanged : .refused(.wrongStatus)
    case .completed, .failed: return isDead ? .takenOver : .ended
    case .inProgress: return isDead ? .takenOver : status == "in_progress" && holder == .actor ? .unchanged : .taken
    }
  }

  private static let instance = Instance(agent: .code)

  private static func decide(
    _ status: String?, _ actor: Actor, _ request: TaskStatus, _ holder: Holder, result: String? = nil, present: String? = nil,
    takingOver: Bool = false
  ) throws(BridgeError) -> TaskDecision {
    let holderID = [Holder.nobody: nil, .actor: instance.id, .another: "code@far:1", .dead: "code@far:1"][holder] ?? nil
    var task = BridgeTask(id: "t", sender: "cowork", recipient: "code", title: "t", description: "d", status: status, result: present)
    // As a store reads it: only a task in progress has a holder.
    task.holder = status == "in_progress" ? holderID : nil
    task.stale = task.holder != nil && holder == .dead
    switch actor {
    case .assignee: break
    case .creator: (task.sender, task.recipient) = ("code", "cowork")
    case .both: task.sender = "code"
    case .stranger: (task.sender, task.recipient) = ("a", "b")
    }
    var wish = TransitionRequest(taskID: "t", actor: .code, instance: instance, status: request, result: result)
    wish.takesOver = takingOver
    return try TaskStateMachine.decide(task, wish)
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
          case (nil, _): outcome = decision.refusal.map { .recorded($0.code) } ?? .unchanged
          case (request, _) where decision.displacesHolder: outcome = .takenOver
          case (request, .take): outcome = .taken
          case (request, .release): outcome = .ended
          default: outcome = .refused(.storeFailed)
          }
        } catch { outcome = .refused(error.code) }
        #expect(outcome == Self.expected(status, actor, request, holder), "\(request), held by \(holder)")
      }
    }
  }

  /// What holds for every decision: a change and a refused result are recorded and wake, and the actor of a change has seen the task.
  private func expectConsistent(_ decision: TaskDecision, _ status: String?, _ actor: Actor) {
    if decision.refusal != nil {
      #expect(decision.event?.movesStatus == false && decision.change == nil && decision.claim == .keep && decision.wakes == [.creator])
      return
    }
    #expect(decision.displacesHolder == (decision.event?.note?.hasPrefix("taken over from code@far:1") == true))
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
    let other = try Self.decide("completed", .assignee, .completed, .nobody, result: "other", present: "r")
    #expect(other.refusal?.code == .wrongStatus && other.refusal?.message.contains("completed") == true)
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
  func aResultOfAnybodyButTheHolderIsRefusedAndRecorded(status: String, holder: Holder, code: BridgeError.Code) throws {
    for (result, text) in [("mine", "mine"), (nil, "none given")] {
      let decision = try Self.decide(status, .assignee, .failed, holder, result: result, present: "theirs")
      #expect(
        decision
          == TaskDecision(
            event: .init(from: status, to: status, note: "refused result (failed): \(text)"), news: [.creator: true], wakes: [.creator],
            refusal: decision.refusal))
      #expect(decision.refusal?.code == code)
    }
    // A word on the progress is not lost either.
    #expect(try Self.decide(status, .assignee, .inProgress, holder, result: "half").event?.note == "refused result (in_progress): half")
    let error = #expect(throws: BridgeError.self) { try Self.decide(status, .assignee, .inProgress, holder) }
    #expect(error?.code == code)
  }

  @Test func theTaskOfAHolderThatIsGoneIsEndedByAnother() throws {
    let decision = try Self.decide("in_progress", .assignee, .completed, .dead, result: "mine")
    #expect(decision.change == .init(status: .completed, result: "mine") && decision.claim == .release && decision.refusal == nil)
    #expect(decision.event?.note == "taken over from code@far:1, which gave no sign of life: mine")
  }

  @Test func theInstancesOfTheHoldersSessionHoldTheTaskToo() throws {
    let session = Session(client: .elsewhere)
    let holder = Instance(agent: .code, session: session)
    var task = BridgeTask(id: "t", sender: "cowork", recipient: "code", title: "t", status: "in_progress")
    task.setClaim(holder: holder.id, session: session.stamp, process: nil, isExpired: false)
    let actors = [
      (holder, true), (Instance(agent: .code, session: session), true), (.command(of: .code, session: session), true),
      (Instance(agent: .code), false), (.command(of: .code), false),
    ]
    for (actor, isHolder) in actors {
      for status in [TaskStatus.inProgress, .completed, .failed] {
        let request = TransitionRequest(taskID: "t", actor: .code, instance: actor, status: status, result: "r")
        let decision = try TaskStateMachine.decide(task, request)
        #expect((decision.refusal == nil) == isHolder && !decision.displacesHolder, "\(actor.id), \(status)")
      }
    }
  }

  @Test func aPersonTakesATaskFromAHolderAtWork() throws {
    for (status, claim) in [(TaskStatus.inProgress, TaskDecision.Claim.take), (.failed, .release)] {
      let decision = try Self.decide("in_progress", .assignee, status, .another, takingOver: true)
      #expect(decision.change?.status == status && decision.claim == claim && decision.displacesHolder)
      #expect(decision.event?.note == "taken over from code@far:1, as a person wanted")
    }
    for (status, actor) in [("completed", Actor.assignee), ("in_progress", .creator)] {
      #expect(throws: BridgeError.self) { try Self.decide(status, actor, .inProgress, .another, takingOver: true) }
    }
    #expect(throws: BridgeError.self) { try Self.decide("in_progress", .assignee, .pending, .another, takingOver: true) }
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
