import Bridge
import BridgeTesting
import Foundation
import ProcessTesting
import Synchronization
import Testing

@testable import SQLiteStore

/// An idle agent wakes within milliseconds of the write; each layer is tested with the others turned off.
@Suite("Wake-ups, each layer alone")
struct WakeLayerTests {
  /// Writes five times, and awaits each time that the waiter finds the message after a hint. The first hint may be the layer's first look,
  /// later ones cannot be.
  private func wakesEachTime(
    _ waiter: SQLiteStore, _ wakeUps: WakeUps, location: SourceLocation = #_sourceLocation, write: (String) async throws -> Void
  ) async throws {
    let me = Instance(agent: .code)
    let request = TakeRequest(agent: .code, instance: me)
    #expect(try await waiter.take(request).isEmpty)
    for content in ["1", "2", "3", "4", "5"] {
      try await write(content)
      var hints = 0
      let found = try await Hints.until(wakeUps) { () -> String? in
        defer { hints += 1 }
        // The first look precedes any hint.
        if hints == 0 { return nil }
        let delivery = try await waiter.take(request)
        if let lease = delivery.lease { try await waiter.confirm(lease) }
        return delivery.messages.first?.content
      }
      #expect(found == content, sourceLocation: location)
    }
  }

  @Test(arguments: [WakeUps.Urgency.waiting, .idle])
  func theDoorbellAloneAnnouncesAnotherStoresMessages(urgency: WakeUps.Urgency) async throws {
    try await withDatabase { database in
      let waiter = try await database.openStore(.init(wakeLayers: .doorbell))
      let writer = try await database.openStore(.init(wakeLayers: []))
      try await wakesEachTime(waiter, waiter.wakeUps(for: .code, urgency)) { _ = try await writer.send($0) }
    }
  }

  @Test func theDoorbellWorksAfterItWasRemovedAndCreatedAgain() async throws {
    try await withDatabase { database in
      let waiter = try await database.openStore(.init(wakeLayers: .doorbell))
      let writer = try await database.openStore(.init(wakeLayers: []))
      try await wakesEachTime(waiter, waiter.wakeUps(for: .code, .waiting)) {
        try? FileManager.default.removeItem(atPath: database.path + "-doorbell")
        _ = try await writer.send($0)
      }
    }
  }

  @Test func theDoorbellWorksAfterAnotherFileReplacedIt() async throws {
    try await withDatabase { database in
      let waiter = try await database.openStore(.init(wakeLayers: .doorbell))
      let writer = try await database.openStore(.init(wakeLayers: []))
      try await wakesEachTime(waiter, waiter.wakeUps(for: .code, .waiting)) {
        try database.write("", to: "other")
        try await Shell.run(["mv", database.folder.path + "/other", database.path + "-doorbell"])
        _ = try await writer.send($0)
      }
    }
  }

  /// Of the folder itself, and of the one above it. The place of the database is taken by a copy.
  @Test(arguments: ["a/b", "a"])
  func theDoorbellWorksAfterTheFolderWasMoved(moved: String) async throws {
    try await withDatabase("a/b/messages.db") { database in
      let waiter = try await database.openStore(.init(wakeLayers: .doorbell))
      _ = waiter.wakeUps(for: .code, .waiting)
      let path = database.folder.path + "/" + moved
      try await Shell.run(["cp", "-r", path, path + ".new"])
      try await Shell.run(["mv", path, path + ".old"])
      try await Shell.run(["mv", path + ".new", path])
      let writer = try await database.openStore(.init(wakeLayers: []))
      // A new subscriber wakes the thread, as the poll does otherwise.
      try await wakesEachTime(waiter, waiter.wakeUps(for: .code, .waiting)) { _ = try await writer.send($0) }
    }
  }

  #if os(Linux)
    @Test(
      "the folder alone tells of rows typed by hand, in each journal mode",
      arguments: ["wal", "delete", "truncate", "persist"])
    func folder(mode: String) async throws { try await typedByHand(.folder, mode, .waiting) }
  #endif

  @Test(arguments: ["wal", "delete", "truncate", "persist"])
  func pollingAloneFindsHandTypedRowsInEveryJournalMode(mode: String) async throws { try await typedByHand(.poll, mode, .waiting) }

  @Test func pollingServesIdleSubscribersAsWell() async throws { try await typedByHand(.poll, "wal", .idle) }

  private func typedByHand(_ layer: WakeLayers, _ mode: String, _ urgency: WakeUps.Urgency) async throws {
    try await withDatabase { database in
      try await database.openStore().close()
      try await database.shell.run("PRAGMA journal_mode = \(mode)")
      let waiter = try await database.openStore(.init(wakeLayers: layer))
      try await wakesEachTime(waiter, waiter.wakeUps(for: .code, urgency)) { content in
        // Without a log the waiter's short reads lock writers out.
        try await database.shell.run(
          "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = \(mode); INSERT INTO messages VALUES ('\(content)', 'cowork', 'code', '\(content)', 0, '')"
        )
      }
    }
  }

  @Test func withoutAnyLayerNothingIsAnnounced() async throws {
    try await withDatabase { database in
      let deaf = try await database.openStore(.init(wakeLayers: []))
      let hearing = try await database.openStore()
      let (nothing, hints) = (deaf.wakeUps(for: .code, .waiting), hearing.wakeUps(for: .code, .waiting))
      let writer = try await database.openStore(.init(wakeLayers: []))
      try await wakesEachTime(hearing, hints) { _ = try await writer.send($0) }
      #expect(await Hints.isSilent(nothing))
    }
  }

  @Test func theFolderAloneAnnouncesHandTypedRows() async throws {
    try await withDatabase { database in
      let onlyBell = try await database.openStore(.init(wakeLayers: .doorbell))
      let hearing = try await database.openStore(.init(wakeLayers: [.folder, .poll]))
      let (nothing, hints) = (onlyBell.wakeUps(for: .code, .waiting), hearing.wakeUps(for: .code, .waiting))
      let found = try await Hints.until(hints) { () -> String?? in
        if try await hearing.look().isEmpty {
          try await database.shell.run("INSERT INTO messages VALUES ('m', 'cowork', 'code', 'typed', 0, '')")
          return nil
        }
        return try await hearing.look().first
      }
      #expect(found == "typed")
      #expect(await Hints.isSilent(nothing))
    }
  }

  @Test func readingHeartbeatsAndRenewalsDoNotRingTheDoorbell() async throws {
    try await withDatabase { database in
      let writer = try await database.openStore(.init(wakeLayers: []))
      let waiter = try await database.openStore(.init(wakeLayers: .doorbell))
      _ = try await writer.send("m")
      let delivery = try await writer.take(TakeRequest(agent: .code, instance: database.code))
      let bell = FileManager.default
      let before = try bell.attributesOfItem(atPath: database.path + "-doorbell")[.modificationDate] as? Date
      let wakeUps = waiter.wakeUps(for: .code, .waiting)
      try await writer.renew([#require(delivery.lease)])
      try await writer.confirm(#require(delivery.lease))
      try await writer.heartbeat(database.code)
      try await writer.addAgent(Identity("other"))
      _ = try await writer.recoverExpired()
      _ = try await writer.tasks(TaskQuery(agent: .code, instance: database.code))
      let after = try bell.attributesOfItem(atPath: database.path + "-doorbell")[.modificationDate] as? Date
      #expect(before != nil && before == after)
      #expect(await Hints.isSilent(wakeUps))
    }
  }

  @Test func aReplacedFileIsAnnouncedAndLaterWritesAreSeen() async throws {
    try await withDatabase { database in
      let waiter = try await database.openStore()
      _ = try await waiter.send("old")
      let wakeUps = waiter.wakeUps(for: .code, .waiting)
      let other = SQLiteStore(path: database.folder.path + "/other.db", logger: .silent)
      _ = try await other.send("new")
      await other.close()
      #expect(try await waiter.look() == ["old"])
      try await Shell.run(["mv", database.folder.path + "/other.db", database.path])
      #expect(try await Hints.until(wakeUps) { try await waiter.look() == ["new"] ? true : nil } == true)
      try await database.shell.run("INSERT INTO messages VALUES ('m', 'cowork', 'code', 'typed', 0, '')")
      #expect(try await Hints.until(wakeUps) { try await waiter.look().contains("typed") ? true : nil } == true)
    }
  }

  @Test func aWaiterWithoutAFolderHearsOfTheFirstMessage() async throws {
    try await withDatabase("later/messages.db") { database in
      let waiter = database.store()
      let wakeUps = waiter.wakeUps(for: .code, .waiting)
      let writer = database.store()
      _ = try await writer.send("first")
      #expect(try await Hints.until(wakeUps) { try await waiter.look().first ?? nil } == "first")
    }
  }

  @Test func aDroppedSubscriptionLeavesNothingBehind() async throws {
    let subscribers = Subscribers()
    var waiting: WakeUps? = subscribers.subscribe(.waiting)
    weak let weakly = waiting
    #expect(subscribers.urgency == .waiting)
    waiting = nil
    #expect(weakly == nil && subscribers.urgency == nil)
    let idle = subscribers.subscribe(.idle)
    #expect(subscribers.urgency == .idle)
    subscribers.finish()
    var iterator = idle.makeAsyncIterator()
    #expect(await iterator.next() == nil)
  }

  @Test func subscribersMayLeaveWhileAHintIsPosted() async throws {
    let subscribers = Subscribers()
    let isDone = Atomic(false)
    let hasEnded = Atomic(false)
    let poster = Thread {
      while !isDone.load(ordering: .relaxed) {
        subscribers.post(.messages)
        _ = subscribers.urgency
      }
      hasEnded.store(true, ordering: .releasing)
    }
    poster.start()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<20_000 { _ = subscribers.subscribe(.waiting) } }
      }
    }
    isDone.store(true, ordering: .relaxed)
    // A post holds those that it reaches.
    while !hasEnded.load(ordering: .acquiring) { await Task.yield() }
    #expect(subscribers.urgency == nil)
  }
}
