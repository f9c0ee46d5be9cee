import BridgeTesting
import Testing

@testable import Bridge

/// Rules that both stores carry out, decided without one.
struct DecisionTests {
  // MARK: What an earlier record means

  private static let message = NewMessage(id: "new", sender: .cowork, recipient: .code, content: "c", idempotencyKey: "k")
  private static let task = NewTask(id: "new", sender: .cowork, recipient: .code, title: "t", description: "d", idempotencyKey: "k")

  @Test(arguments: [
    (Message(id: "new", sender: nil, recipient: "x", content: nil, createdAt: "now"), 1, true),
    (Message(id: "new", sender: nil, recipient: "code", content: "c", createdAt: "now"), 2, false),
    (Message(id: "old", sender: nil, recipient: "code", content: "c", createdAt: "now"), 1, true),
    (Message(id: "old", sender: nil, recipient: "code", content: "c", createdAt: "now"), 2, true),
  ])
  func aRepeatedMessageIsAnsweredWithTheFirstOne(earlier: Message, attempt: Int, duplicate: Bool) throws {
    let receipt = try EarlierRecord.receipt(for: Self.message, from: earlier, attempt: attempt, recipientOnline: true)
    #expect(
      receipt
        == SendReceipt(
          messageID: earlier.id ?? "", recipient: .code, createdAt: "now", recipientOnline: true, duplicate: duplicate))
  }

  @Test(arguments: [
    Message(id: "old", sender: nil, recipient: "other", content: "c", createdAt: nil),
    Message(id: "old", sender: nil, recipient: "code", content: "other", createdAt: nil),
    Message(id: "old", sender: nil, recipient: nil, content: nil, createdAt: nil),
  ])
  func aKeyThatStandsForAnotherMessageIsRefused(earlier: Message) {
    let error = #expect(throws: BridgeError.self) { try EarlierRecord.receipt(for: Self.message, from: earlier) }
    #expect(error?.code == .keyReused && error?.message.contains("message old") == true)
  }

  @Test func aRepeatedTaskIsAnsweredWithTheFirstOne() throws {
    for id in ["new", "old"] {
      let earlier = BridgeTask(
        id: id, sender: nil, recipient: "code", title: "t", description: "d", status: "completed", createdAt: "now")
      #expect(
        try EarlierRecord.receipt(for: Self.task, from: earlier)
          == TaskReceipt(taskID: id, status: "completed", createdAt: "now", recipientOnline: false))
    }
    let moved = BridgeTask(id: "new", sender: nil, recipient: "x", title: nil, description: nil, status: nil)
    #expect(try EarlierRecord.receipt(for: Self.task, from: moved).taskID == "new")
  }

  @Test(arguments: [("x", "t", "d"), ("code", "x", "d"), ("code", "t", "x")])
  func aKeyThatStandsForAnotherTaskIsRefused(recipient: String, title: String, description: String) {
    let earlier = BridgeTask(id: "old", sender: nil, recipient: recipient, title: title, description: description, status: nil)
    let error = #expect(throws: BridgeError.self) { try EarlierRecord.receipt(for: Self.task, from: earlier) }
    #expect(error?.code == .keyReused && error?.message.contains("task old") == true)
  }

  // MARK: Presence

  private static let processes: [(process: String?, ended: Bool)] = [
    (ProcessIdentity.current.encoded, false), (ProcessIdentity.dead.encoded, true), (ProcessIdentity.elsewhere.encoded, false),
    ("no process", false), (nil, false),
  ]

  @Test func aLeaseOrClaimIsOverByItsTimeOrTheEndOfItsProcess() {
    for (process, ended) in Self.processes {
      #expect(Presence.isOver(process, expired: true))
      #expect(Presence.isOver(process, expired: false) == ended)
    }
  }

  @Test func anAgentIsOnlineWhileOneOfItsProcessesMayRun() {
    for (process, ended) in Self.processes {
      #expect(Presence.isOnline([process]) != ended)
      #expect(Presence.isOnline([ProcessIdentity.dead.encoded, process]) != ended)
    }
    #expect(!Presence.isOnline([String?]()))
  }

  @Test func onlyATaskInProgressHasAHolderAndIsStaleOnceItsClaimIsOver() {
    for status in ["pending", "in_progress", "completed", "failed", "on hold", nil] {
      for (process, ended) in Self.processes {
        for expired in [true, false] {
          var task = BridgeTask(id: "t", sender: nil, recipient: nil, title: nil, description: nil, status: status)
          task.setClaim(holder: "h", session: nil, process: process, isExpired: expired)
          let isClaimed = status == "in_progress"
          #expect(task.holder == (isClaimed ? "h" : nil) && task.stale == (isClaimed && (expired || ended)))
          task.setClaim(holder: nil, session: nil, process: process, isExpired: expired)
          #expect(task.holder == nil && !task.stale)
        }
      }
    }
  }

  // MARK: Recipients

  @Test func codeAndCoworkAlwaysExist() throws {
    #expect(Identity.code.isWellKnown && Identity.cowork.isWellKnown)
    #expect(try !Identity("reviewer").isWellKnown)
  }

  @Test func anUnknownRecipientIsRefusedWithTheNearestNames() throws {
    let error = BridgeError.unknownRecipient(try Identity("reviewer"), known: ["reviewers", "The Boss\nobey"])
    #expect(error.code == .unknownRecipient && !error.message.contains("obey"))
    for part in ["known are reviewers, code, cowork.", "Did you mean \"reviewers\"?", "agents add reviewer"] {
      #expect(error.message.contains(part), "\(error)")
    }
    let many = BridgeError.unknownRecipient(try Identity("a1"), known: (1...30).map { "a\($0)\($0)" })
    #expect(many.message.contains("the nearest of those known are a1010, a11, ") == false)
    #expect(many.message.contains("the nearest of those known are a11, ") && many.message.count { $0 == "," } == 9)
  }

  @Test func onlyAnAgentThatIsNotNeededIsRemoved() throws {
    var agent = AgentSummary(name: "r", online: false, lastSeen: nil, host: nil, client: nil, unreadMessages: 0, openTasks: 3)
    try agent.requireRemovable(force: false)
    let needed = [(true, 0, "it is online"), (false, 1, "1 unread message waits"), (false, 2, "2 unread messages wait")]
    for (online, unread, reason) in needed {
      (agent.online, agent.unreadMessages) = (online, unread)
      let error = #expect(throws: BridgeError.self) { try agent.requireRemovable(force: false) }
      #expect(error?.code == .notAllowed && error?.message.contains(reason) == true)
      try agent.requireRemovable(force: true)
    }
    agent.name = "cowork"
    #expect(throws: BridgeError.self) { try agent.requireRemovable(force: true) }
  }

  @Test func aNewerSchemaIsNamedWithBothVersions() {
    let error = BridgeError.storeTooNew("The database x", version: 9, newest: 3)
    #expect(error.code == .storeTooNew && error.message.contains("version 9") && error.message.contains("up to 3"))
  }
}
