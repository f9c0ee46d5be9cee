import Bridge
import BridgeTesting
import SystemSupport
import Testing

@testable import SQLiteStore

@Suite("Long work") struct LongWorkTests {
  private static let start = ContinuousClock.now

  private func portion(_ pacer: inout Pacer, at milliseconds: Int, held: Int, disturbing: Bool = false) -> Duration? {
    let end = Self.start + .milliseconds(milliseconds + held)
    pacer.ended(from: Self.start + .milliseconds(milliseconds), to: end, isDisturbing: disturbing)
    return pacer.next.map { $0 - end }
  }

  @Test func itPausesOnlyWhileOthersAreAtWork() {
    var pacer = Pacer()
    #expect(portion(&pacer, at: 0, held: 20) == nil)
    #expect(portion(&pacer, at: 20, held: 20, disturbing: true) == .milliseconds(400))
    #expect(portion(&pacer, at: 500, held: 10) == .milliseconds(200))
    #expect(portion(&pacer, at: 1_000, held: 1) == .milliseconds(50))
    #expect(portion(&pacer, at: 3_100, held: 10) == nil)
    pacer.ended(from: Self.start, to: Self.start + .milliseconds(10), isDisturbing: true, isInBackground: true)
    #expect(pacer.next == Self.start + .milliseconds(610))
    #expect(portion(&pacer, at: 4_000, held: 5_000, disturbing: true) == .seconds(3))
  }

  @Test func aPortionGetsAsLongAsItMayBe() {
    var pacer = Pacer()
    // Half of the time is for the commit.
    func run(disturbing: Bool) {
      for _ in 1...20 { _ = portion(&pacer, at: 0, held: Int(pacer.work / .milliseconds(1) * 2), disturbing: disturbing) }
    }
    run(disturbing: false)
    #expect((.milliseconds(25))...(.milliseconds(35)) ~= pacer.work)
    // The first one that is disturbed is the last long one.
    _ = portion(&pacer, at: 0, held: 60, disturbing: true)
    #expect((.milliseconds(6))...(.milliseconds(9)) ~= pacer.work)
    run(disturbing: true)
    #expect((.milliseconds(6))...(.milliseconds(9)) ~= pacer.work)
    _ = portion(&pacer, at: 0, held: 6_000, disturbing: true)
    #expect(pacer.work == .milliseconds(1))
  }

  @Test func othersAreSeen() async throws {
    try await withDatabase { database in
      let (store, other) = (try await database.openStore(), try await database.openStore())
      func isDisturbed() async throws -> Bool {
        let open = try store.connections.opened(until: .now)
        return store.bystanders.areDisturbed(try await open.writer.unsafeRead { try $0.value("PRAGMA data_version") })
      }
      store.bystanders.watch()
      _ = try await isDisturbed()
      #expect(try await !isDisturbed())
      _ = try await store.send("its own")
      #expect(try await !isDisturbed())
      _ = try await other.send("a commit")
      #expect(try await isDisturbed())
      #expect(try await !isDisturbed())
      #if os(Linux)
        try await database.shell.run("SELECT 1 FROM messages")
        #expect(try await isDisturbed())
        #expect(try await !isDisturbed())
      #endif
      do {
        var wait = LockWait(until: .now + .seconds(10), database: database.path)
        let hasTime = wait.pause()
        #expect(hasTime)
        #expect(try await isDisturbed())
        #expect(wait.end > .now - .seconds(3600))
      }
      #expect(try await !isDisturbed())
    }
  }

  @Test func allOfItIsDoneInPortions() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      let records = (1...300).map { number in
        var record = ArchivedMessage()
        record.id = ArchivedText("m\(number)")
        record.content = ArchivedText("\(number)")
        record.read = 1
        record.createdAt = ArchivedText("2020-01-01")
        return record
      }
      // Each portion does the least.
      for _ in 1...9 { store.pacer.withLock { $0.ended(from: Self.start, to: Self.start + .seconds(1), isDisturbing: false) } }
      #expect(try await store.write(records).added == 300)
      #expect(try await store.write(records).added == 0)
      let time = try await store.time(before: .seconds(60))
      var (place, removed) = (PrunePlace?.none, 0)
      repeat {
        let step = try await store.prune(before: time, after: place, dryRun: false)
        (place, removed) = (step.next, removed + step.messages)
      } while place != nil
      #expect(removed == 300)
    }
  }
}
