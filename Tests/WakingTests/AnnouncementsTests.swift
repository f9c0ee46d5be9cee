import Bridge
import Testing

@testable import BridgeServer

/// What is announced when: a table of arrivals, with injected time.
@Suite struct AnnouncementsTests {
  private func news(_ ids: String..., from sender: String = "cowork") -> [News] {
    ids.map { News(Message(id: $0, sender: sender, recipient: "code", content: "text of \($0)", createdAt: nil)) }
  }

  private func ids(_ announcement: Announcements.Announcement?) -> [String]? { announcement?.news.map(\.id) }

  @Test func whatArrivesTogetherIsToldTogetherAndOnlyOnce() {
    var announcements = Announcements()
    #expect(ids(announcements.announce(Inbox(news: news("1", "2", "3")), at: .zero)) == ["1", "2", "3"])
    #expect(announcements.announce(Inbox(news: news("1", "2", "3")), at: .seconds(3)) == nil)
    #expect(ids(announcements.announce(Inbox(news: news("1", "2", "3", "4")), at: .seconds(6))) == ["4"])
    // Read and unread again: it has been announced already.
    #expect(announcements.announce(Inbox(), at: .seconds(9)) == nil)
    #expect(announcements.announce(Inbox(news: news("1", "4")), at: .seconds(12)) == nil)
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
    #expect(announcements.announce(inbox, isAwaited: { $0.peer == "a" }, at: .seconds(3)) == nil)
    // The call has ended without taking it.
    #expect(ids(announcements.announce(inbox, at: .seconds(6))) == ["1"])
  }

  @Test func whatDidNotReachTheSessionIsToldAgain() throws {
    var announcements = Announcements()
    let first = announcements.announce(Inbox(news: news("1"), further: 4), at: .zero)
    announcements.takeBack(try #require(first))
    let second = announcements.announce(Inbox(news: news("1"), further: 4), at: .seconds(3))
    #expect(ids(second) == ["1"])
    #expect(second?.further == 4)
  }

  @Test func moreThanCanBeLookedAtIsToldWhenItGrows() {
    var announcements = Announcements()
    #expect(announcements.announce(Inbox(news: news("1"), further: 5), at: .zero)?.further == 5)
    #expect(announcements.announce(Inbox(news: news("1"), further: 5), at: .seconds(3)) == nil)
    #expect(announcements.announce(Inbox(news: news("1"), further: 2), at: .seconds(6)) == nil)
    #expect(announcements.announce(Inbox(news: news("1"), further: 3), at: .seconds(9))?.further == 3)
  }

  @Test func eachStatusOfATaskIsNews() {
    var announcements = Announcements()
    func inbox(_ status: String, _ updated: String) -> Inbox {
      let task = BridgeTask(
        id: "t", sender: "code", recipient: "cowork", title: "x", description: nil, status: status, updatedAt: updated)
      return Inbox(news: [News(task, for: .code)])
    }
    #expect(announcements.announce(inbox("in_progress", "1"), at: .zero) != nil)
    #expect(announcements.announce(inbox("in_progress", "1"), at: .seconds(3)) == nil)
    let ended = announcements.announce(inbox("completed", "2"), at: .seconds(6))
    #expect(ended?.news.map(\.kind) == [.delegatedTask(status: "completed")])
  }

  @Test func oneSenderIsAnnouncedSoOftenThenOneNoticeThenNothingUntilTheWindowHasPassed() {
    var announcements = Announcements(settings: .init(limit: 3, window: .seconds(60)))
    var inbox: [News] = []
    func arrive(_ id: String, from sender: String = "loop", at seconds: Int) -> Announcements.Announcement? {
      inbox += news(id, from: sender)
      return announcements.announce(Inbox(news: inbox), at: .seconds(seconds))
    }
    for number in 1...3 { #expect(ids(arrive("\(number)", at: number * 2)) == ["\(number)"]) }
    let notice = arrive("4", at: 8)
    #expect(notice?.muted == ["loop"])
    #expect(notice?.news == [])
    #expect(arrive("5", at: 10) == nil)
    #expect(announcements.nextLook(after: Inbox(news: inbox), at: .seconds(10)) == .seconds(68))
    // Others are announced.
    #expect(ids(arrive("6", from: "other", at: 12)) == ["6"])
    #expect(announcements.announce(Inbox(news: inbox), at: .seconds(67)) == nil)
    // What came meanwhile was stored, and is told then; the count begins anew.
    #expect(ids(announcements.announce(Inbox(news: inbox), at: .seconds(68))) == ["4", "5"])
    #expect(ids(arrive("7", at: 70)) == ["7"])
  }

  @Test func anAnnouncementOfManyCountsOnce() {
    var announcements = Announcements(settings: .init(limit: 2, window: .seconds(60)))
    #expect(ids(announcements.announce(Inbox(news: news("1", "2", "3", "4", "5")), at: .zero))?.count == 5)
    #expect(ids(announcements.announce(Inbox(news: news("6")), at: .seconds(2))) == ["6"])
    #expect(announcements.announce(Inbox(news: news("7")), at: .seconds(4))?.muted == ["cowork"])
  }

  @Test func theWindowSlides() {
    var announcements = Announcements(settings: .init(limit: 2, window: .seconds(60)))
    for (number, second) in [0, 50, 61, 111, 172].enumerated() {
      #expect(ids(announcements.announce(Inbox(news: news("\(number)")), at: .seconds(second))) == ["\(number)"])
    }
  }

  @Test func aSessionsProcessesKnowFromEachOtherWhatWasTold() throws {
    var first = Announcements(settings: .init(limit: 1))
    let told = first.announce(Inbox(news: news("1")), at: .seconds(1_700_000_000))
    let lines = try #require(told).records.map(\.line)
    let read = lines.compactMap { AnnouncementRecord(line: Substring($0)) }
    #expect(read == told?.records)
    var second = Announcements(settings: .init(limit: 1))
    second.learn(read)
    second.learn(read)
    #expect(second.announce(Inbox(news: news("1")), at: .seconds(1_700_000_001)) == nil)
    #expect(second.announce(Inbox(news: news("1", "2")), at: .seconds(1_700_000_003))?.muted == ["cowork"])
  }

  @Test(arguments: ["", "told", "told zz", "announced 12", "muted x y", "later 5 a", "told 1 2"])
  func linesOfOtherVersionsAreNothing(line: String) {
    #expect(AnnouncementRecord(line: Substring(line)) == nil)
  }

  @Test func rowsWithoutAnIDAreToldApartByWhatTheySay() {
    func row(_ content: String) -> News { News(Message(id: nil, sender: "a", recipient: "code", content: content, createdAt: nil)) }
    var announcements = Announcements()
    #expect(announcements.announce(Inbox(news: [row("x")]), at: .zero)?.news.count == 1)
    #expect(announcements.announce(Inbox(news: [row("x"), row("y")]), at: .seconds(3))?.news.map(\.line) == ["y"])
  }
}
