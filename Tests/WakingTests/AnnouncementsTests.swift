import Bridge
import Testing

@testable import BridgeServer

/// What is announced when: a table of arrivals, with injected time.
@Suite struct AnnouncementsTests {
  private func news(_ ids: String..., from sender: String = "cowork") -> [News] {
    ids.map { News(Message(id: $0, sender: sender, recipient: "code", content: "text of \($0)", createdAt: nil)) }
  }

  /// Without quotation marks; nil where nothing is said.
  private func ids(_ announcement: Announcements.Announcement) -> [String]? {
    announcement.isEmpty ? nil : announcement.news.map { $0.id.filter { !"“”".contains($0) } }
  }

  @Test func whatArrivesTogetherIsToldTogetherAndOnlyOnce() {
    var announcements = Announcements()
    #expect(ids(announcements.announce(Inbox(news: news("1", "2", "3")), at: .zero)) == ["1", "2", "3"])
    #expect(announcements.announce(Inbox(news: news("1", "2", "3")), at: .seconds(3)).isEmpty)
    #expect(ids(announcements.announce(Inbox(news: news("1", "2", "3", "4")), at: .seconds(6))) == ["4"])
    // Read and unread again: it has been announced already.
    #expect(announcements.announce(Inbox(), at: .seconds(9)).isEmpty)
    #expect(announcements.announce(Inbox(news: news("1", "4")), at: .seconds(12)).isEmpty)
  }

  @Test func ofSeveralSessionsOneIsToldFirstAndWhatAnswersOneIsItsOwn() {
    let sessions = ["0000000001", "0000000002", "0000000003"]
    var firsts = [String: Int]()
    for number in 1...300 {
      let told = sessions.filter { FirstTold(sessions: sessions, own: $0).isOwn(news("\(number)")[0]) }
      #expect(told.count == 1)
      for session in told { firsts[session, default: 0] += 1 }
    }
    #expect(firsts.count == 3 && firsts.values.allSatisfy { $0 > 50 })
    var answer = Message(id: "a", sender: "cowork", recipient: "code", content: "a", createdAt: nil)
    answer.replyTo = "11111111-1111-4111-8111-000000000300"
    #expect(FirstTold(sessions: sessions, own: sessions[2]).isOwn(News(answer)))
    // Alone, or outside of any session, nobody else is waited for.
    for own in ["", "0000000009"] { #expect(FirstTold(sessions: sessions, own: own).isOwn(news("1")[0])) }
  }

  @Test func newsOfSeveralSendersKeepTheOrderOfTheInbox() {
    var announcements = Announcements()
    let inbox = Inbox(news: news("1", from: "a") + news("2", from: "b") + news("3", from: "a"))
    #expect(ids(announcements.announce(inbox, at: .zero)) == ["1", "2", "3"])
  }

  @Test(
    arguments: [
      // Told before at, something changes at, looked at.
      (nil, 0, 100), (0, 100, 2000), (0, 1950, 2050), (0, 5000, 5100),
    ] as [(Int?, Int, Int)])
  func thereAreTwoSecondsBetweenAnnouncements(told: Int?, changed: Int, looked: Int) {
    var announcements = Announcements()
    if let told { _ = announcements.announce(Inbox(news: news("1")), at: .milliseconds(told)) }
    #expect(announcements.lookTime(after: .milliseconds(changed)) == .milliseconds(looked))
  }

  @Test func whatACallWillReturnIsNotTold() {
    var announcements = Announcements()
    let inbox = Inbox(news: news("1", from: "a") + news("2", from: "b"))
    #expect(ids(announcements.announce(inbox, isAwaited: { $0.peer == "a" }, at: .zero)) == ["2"])
    #expect(announcements.announce(inbox, isAwaited: { $0.peer == "a" }, at: .seconds(3)).isEmpty)
    // The call has ended without taking it.
    #expect(ids(announcements.announce(inbox, at: .seconds(6))) == ["1"])
  }

  @Test func whatDidNotReachTheSessionIsToldAgain() {
    var announcements = Announcements()
    let first = announcements.announce(Inbox(news: news("1"), further: 4), at: .zero)
    announcements.takeBack(first)
    let second = announcements.announce(Inbox(news: news("1"), further: 4), at: .seconds(3))
    #expect(ids(second) == ["1"])
    #expect(second.further == 4)
  }

  @Test func moreThanCanBeLookedAtIsToldWhenItGrows() {
    var announcements = Announcements()
    #expect(announcements.announce(Inbox(news: news("1"), further: 5), at: .zero).further == 5)
    #expect(announcements.announce(Inbox(news: news("1"), further: 5), at: .seconds(3)).isEmpty)
    #expect(announcements.announce(Inbox(news: news("1"), further: 2), at: .seconds(6)).isEmpty)
    #expect(announcements.announce(Inbox(news: news("1"), further: 3), at: .seconds(9)).further == 3)
  }

  @Test func eachStatusOfATaskIsNews() {
    var announcements = Announcements()
    func inbox(_ status: String, _ updated: String) -> Inbox {
      let task = BridgeTask(
        id: "t", sender: "code", recipient: "cowork", title: "x", description: nil, status: status, updatedAt: updated)
      return Inbox(news: [News(task, for: .code)])
    }
    #expect(announcements.announce(inbox("failed", "1"), at: .zero).news.count == 1)
    #expect(announcements.announce(inbox("failed", "1"), at: .seconds(3)).isEmpty)
    let ended = announcements.announce(inbox("completed", "2"), at: .seconds(6))
    #expect(ended.news.map(\.kind) == [.delegatedTask(status: "completed")])
  }

  @Test func oneSenderIsAnnouncedSoOftenThenOneNoticeThenNothingOfTheMuteEver() {
    var announcements = Announcements(settings: .init(limit: 3, window: .seconds(60)))
    var inbox: [News] = []
    func arrive(_ id: String, from sender: String = "loop", at seconds: Int) -> Announcements.Announcement {
      inbox += news(id, from: sender)
      return announcements.announce(Inbox(news: inbox), at: .seconds(seconds))
    }
    for number in 1...3 { #expect(ids(arrive("\(number)", at: number * 2)) == ["\(number)"]) }
    let notice = arrive("4", at: 8)
    #expect(notice.muted == [.init(peer: "loop", length: .seconds(60))])
    #expect(notice.news == [])
    #expect(arrive("5", at: 10).isEmpty)
    // Others are announced.
    #expect(ids(arrive("6", from: "other", at: 12)) == ["6"])
    #expect(announcements.announce(Inbox(news: inbox), at: .seconds(67)).isEmpty)
    // What came meanwhile is stored, and not told after the end either; the count begins anew.
    #expect(announcements.announce(Inbox(news: inbox), at: .seconds(68)).isEmpty)
    for number in 7...9 { #expect(ids(arrive("\(number)", at: 56 + number * 2)) == ["\(number)"]) }
    // Twice as long.
    #expect(arrive("10", at: 80).muted == [.init(peer: "loop", length: .seconds(120))])
    #expect(arrive("11", at: 199).isEmpty)
    // The user ends it, and the next one is a first one again.
    announcements.learn([.muted("loop", until: .seconds(200), count: 2), .prompted])
    for number in 12...14 { #expect(ids(arrive("\(number)", at: 200 + number * 2))?.last == "\(number)") }
    #expect(arrive("15", at: 240).muted == [.init(peer: "loop", length: .seconds(60))])
  }

  /// Nobody looked during the mute.
  @Test func whatWasWrittenDuringAMuteIsBacklogAndWhatCameAfterItIsNot() {
    func message(_ id: String, _ second: Int) -> News {
      let time = "1970-01-01T00:\(second / 60 < 10 ? "0" : "")\(second / 60):\(second % 60 < 10 ? "0" : "")\(second % 60)Z"
      return News(Message(id: id, sender: "loop", recipient: "code", content: "x", createdAt: time))
    }
    var announcements = Announcements(records: [.muted("loop", until: .seconds(600), count: 1)])
    let inbox = Inbox(news: [message("during", 599), message("after", 601)])
    #expect(ids(announcements.announce(inbox, at: .seconds(605))) == ["after"])
    #expect(announcements.announce(inbox, at: .seconds(700)).isEmpty)
  }

  @Test func beyondANoteTheGuardHoldsAsWell() {
    var announcements = Announcements(settings: .init(limit: 3, window: .seconds(60)))
    for number in 1...3 { #expect(announcements.announce(Inbox(further: number), at: .seconds(number * 2)).further == number) }
    #expect(announcements.announce(Inbox(further: 4), at: .seconds(8)).muted == [.init(peer: nil, length: .seconds(60))])
    #expect(announcements.announce(Inbox(further: 5), at: .seconds(10)).isEmpty)
    #expect(announcements.announce(Inbox(further: 5), at: .seconds(70)).isEmpty)
    #expect(announcements.announce(Inbox(further: 6), at: .seconds(72)).further == 6)
    // They may be those of a sender that is muted.
    var others = Announcements(records: [.muted("loop", until: .seconds(60), count: 1)])
    #expect(others.announce(Inbox(further: 1), at: .seconds(8)).isEmpty)
    #expect(others.announce(Inbox(further: 1), at: .seconds(61)).isEmpty)
  }

  /// Two agents that answer whatever wakes them, the notice included, for two days.
  @Test(arguments: [1, 10, 19]) func twoSessionsThatAnswerEachOtherForEverStopAndStayStopped(seconds: Int) {
    var sides = ["a": Announcements(), "b": Announcements()]
    var inboxes = ["a": [News](), "b": [News]()]
    var (sent, wakes, last) = (0, 0, 0)
    func send(to side: String) {
      sent += 1
      inboxes[side]?.append(contentsOf: news("\(sent)", from: side == "a" ? "b" : "a"))
    }
    send(to: "a")
    for second in stride(from: 0, to: 2 * 86_400, by: seconds) {
      for (side, other) in [("a", "b"), ("b", "a")] {
        guard sides[side]?.announce(Inbox(news: inboxes[side] ?? []), at: .seconds(second)).isEmpty == false else { continue }
        (wakes, last) = (wakes + 1, second)
        // It reads all and answers.
        inboxes[side] = []
        send(to: other)
      }
    }
    #expect(wakes <= 2 * (30 + 1))
    #expect(last <= 31 * seconds)
  }

  @Test func aTaskThatIsMerelyBegunWakesNobodyAndIsToldWithOtherNewsOrAtAPrompt() {
    func task(_ status: String) -> News {
      News(BridgeTask(id: "t", sender: "code", recipient: "cowork", title: "x", description: nil, status: status), for: .code)
    }
    var announcements = Announcements()
    #expect(announcements.announce(Inbox(news: [task("in_progress")]), at: .zero).isEmpty)
    var atAPrompt = announcements
    #expect(ids(atAPrompt.announce(Inbox(news: [task("in_progress")]), isWake: false, at: .seconds(3))) == ["t"])
    #expect(ids(announcements.announce(Inbox(news: [task("in_progress")] + news("1")), at: .seconds(6))) == ["t", "1"])
    #expect(announcements.announce(Inbox(news: [task("in_progress")]), isWake: false, at: .seconds(9)).isEmpty)
  }

  @Test func whatWasThereBeforeTheSessionIsNotTold() {
    var announcements = Announcements()
    let records = announcements.begin(with: Inbox(news: news("1"), further: 2), at: .seconds(1000))
    #expect(announcements.hasBegun && Announcements(records: records).hasBegun)
    let old = News(Message(id: "old", sender: "a", recipient: "code", content: "x", createdAt: "1970-01-01T00:10:00Z"))
    #expect(announcements.announce(Inbox(news: news("1") + [old], further: 1), at: .seconds(1003)).isEmpty)
    #expect(announcements.announce(Inbox(news: [old]), at: .seconds(1006)).isEmpty)
    #expect(ids(announcements.announce(Inbox(news: [old] + news("2")), at: .seconds(1009))) == ["2"])
  }

  /// They were told as a number, and become visible as the others are read.
  @Test func theFurtherOnesAreNotToldOneByOneAgain() {
    var announcements = Announcements()
    func message(_ number: Int) -> News {
      News(Message(id: "\(number)", sender: "a", recipient: "code", content: "x", createdAt: "1970-01-01T00:00:0\(number)Z"))
    }
    #expect(announcements.announce(Inbox(news: [message(1)], further: 3), at: .seconds(10)).further == 3)
    #expect(announcements.announce(Inbox(news: [message(2)], further: 2), at: .seconds(20)).isEmpty)
    #expect(announcements.announce(Inbox(news: [message(3), message(4)]), at: .seconds(30)).isEmpty)
    #expect(ids(announcements.announce(Inbox(news: [message(4)] + news("new")), at: .seconds(40))) == ["new"])
    // A row by hand with an old time is new nevertheless.
    #expect(ids(announcements.announce(Inbox(news: [message(4), message(5)]), at: .seconds(50))) == ["5"])
  }

  @Test func whatTheSessionHasLostIsToldOnceMore() {
    var announcements = Announcements()
    let inbox = Inbox(news: news("1"), further: 3)
    #expect(ids(announcements.announce(inbox, at: .zero)) == ["1"])
    announcements.learn([.told(news("1")[0].key), .further(3, at: .zero), .forgotten])
    let again = announcements.announce(inbox, at: .seconds(3))
    #expect(ids(again) == ["1"] && again.further == 3)
  }

  @Test func anAnnouncementOfManyCountsOnce() {
    var announcements = Announcements(settings: .init(limit: 2, window: .seconds(60)))
    #expect(ids(announcements.announce(Inbox(news: news("1", "2", "3", "4", "5")), at: .zero))?.count == 5)
    #expect(ids(announcements.announce(Inbox(news: news("6")), at: .seconds(2))) == ["6"])
    #expect(announcements.announce(Inbox(news: news("7")), at: .seconds(4)).muted.map(\.peer) == ["cowork"])
  }

  @Test func theWindowSlides() {
    var announcements = Announcements(settings: .init(limit: 2, window: .seconds(60)))
    for (number, second) in [0, 50, 61, 111, 172].enumerated() {
      #expect(ids(announcements.announce(Inbox(news: news("\(number)")), at: .seconds(second))) == ["\(number)"])
    }
  }

  @Test func aSessionsProcessesKnowFromEachOtherWhatWasTold() {
    var first = Announcements(settings: .init(limit: 1))
    let told = first.announce(Inbox(news: news("1")), at: .seconds(1_700_000_000))
    let read = told.records.map(\.line).compactMap { AnnouncementRecord(line: Substring($0)) }
    #expect(read == told.records)
    var second = Announcements(settings: .init(limit: 1))
    second.learn(read)
    second.learn(read)
    #expect(second.announce(Inbox(news: news("1")), at: .seconds(1_700_000_001)).isEmpty)
    #expect(second.announce(Inbox(news: news("1", "2")), at: .seconds(1_700_000_003)).muted.map(\.peer) == ["cowork"])
  }

  @Test(
    arguments: [
      .told(7), .untold(7), .further(3, at: .seconds(5)), .announced("a b", at: .seconds(5)), .unannounced("a", at: .seconds(5)),
      .muted("a b", until: .seconds(5), count: 2), .prompted, .begun, .forgotten,
    ] as [AnnouncementRecord]) func aFactIsALine(record: AnnouncementRecord)
  {
    #expect(AnnouncementRecord(line: Substring(record.line)) == record)
  }

  @Test(arguments: ["", "told", "told zz", "announced 12", "muted x y", "later 5 a", "told 1 2", "muted 5 a", "mute 5 a", "begun 1"])
  func linesOfOtherVersionsAreNothing(line: String) {
    #expect(AnnouncementRecord(line: Substring(line)) == nil)
  }

  @Test func rowsWithoutAnIDAreToldApartByWhatTheySay() {
    func row(_ content: String) -> News { News(Message(id: nil, sender: "a", recipient: "code", content: content, createdAt: nil)) }
    var announcements = Announcements()
    #expect(announcements.announce(Inbox(news: [row("x")]), at: .zero).news.count == 1)
    #expect(announcements.announce(Inbox(news: [row("x"), row("y")]), at: .seconds(3)).news.map(\.line) == ["y"])
  }
}
