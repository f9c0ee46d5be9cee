import Testing

@testable import PostgresClient

@Suite struct PoolBookkeepingTests {
  @Test func connectionsAreOpenedUpToTheMaximum() {
    var books = PoolBookkeeping(maximum: 2)
    #expect(books.request(1) == [.open])
    #expect(books.request(2) == [.open])
    #expect(books.request(3) == [])
    #expect(books.opened(10) == [.lease(10, 1, mustVerify: false)])
    #expect(books.opened(11) == [.lease(11, 2, mustVerify: false)])
    #expect(books.released(10, isUsable: true) == [.lease(10, 3, mustVerify: false)])
  }

  @Test func aBrokenOneIsReplacedForThoseWhoWait() {
    var books = PoolBookkeeping(maximum: 1)
    _ = books.request(1)
    _ = books.opened(10)
    _ = books.request(2)
    #expect(books.released(10, isUsable: false) == [.close(10), .open])
  }

  @Test func failedAttemptsAreRepeatedWhileSomebodyWaits() {
    var books = PoolBookkeeping(maximum: 1)
    _ = books.request(1)
    #expect(books.openFailed(isPermanent: false) == [.retryLater])
    #expect(books.retry() == [.open])
    let wasWaiting = books.withdraw(1)
    #expect(wasWaiting)
    #expect(books.openFailed(isPermanent: false) == [])
    #expect(books.request(2) == [.open])
    #expect(books.openFailed(isPermanent: true) == [.fail([2])])
    let isWaiting = books.withdraw(2)
    #expect(!isWaiting)
  }

  @Test func idleConnectionsAgeAndAreClosed() {
    var books = PoolBookkeeping(maximum: 1)
    _ = books.request(1)
    _ = books.opened(10)
    #expect(books.released(10, isUsable: true) == [.startTicking])
    #expect(books.tick() == [.startTicking])
    #expect(books.request(2) == [.lease(10, 2, mustVerify: true)])
    #expect(books.released(10, isUsable: true) == [])
    for _ in 0..<4 { #expect(books.tick() == [.startTicking]) }
    #expect(books.tick() == [.close(10)])
    #expect(books.openCount == 0)
  }

  @Test func deadIdleConnectionsAreForgotten() {
    var books = PoolBookkeeping(maximum: 1)
    _ = books.request(1)
    _ = books.opened(10)
    #expect(books.died(10) == [])
    _ = books.released(10, isUsable: true)
    #expect(books.died(10) == [.close(10)])
    #expect(books.request(2) == [.open])
  }

  @Test func closingFailsWaitersAndClosesWhatComesBack() {
    var books = PoolBookkeeping(maximum: 1)
    _ = books.request(1)
    _ = books.opened(10)
    _ = books.request(2)
    #expect(books.close() == [.fail([2])])
    #expect(books.released(10, isUsable: true) == [.close(10)])
    #expect(books.request(3) == [.fail([3])])
  }
}
