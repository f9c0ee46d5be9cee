import BridgeTesting
import Foundation
import InMemoryLogging
import Logging
import SQLiteStore
import Testing

@testable import Bridge

@Suite("The service keeps its leases when the store fails", .timeLimit(.minutes(5)))
struct ServiceTests {
  /// A service of `code` on a store that fails when told to, and the same database without faults.
  private struct Bench {
    let faulty: FaultyStore
    let service: BridgeService
    let plain: SQLiteStore
    let log: InMemoryLogHandler
    let folder = FileManager.default.temporaryDirectory.appending(path: "cowork-\(UniqueID.make())").path

    init(timing: StoreTiming = StoreTiming(), wakeLayers: WakeLayers = .all) {
      var handler = InMemoryLogHandler()
      handler.logLevel = .trace
      log = handler
      let logger = Logger(label: "test") { [log] _ in log }
      let path = folder + "/messages.db"
      plain = SQLiteStore(path: path, logger: logger)
      faulty = FaultyStore(SQLiteStore(path: path, options: .init(timing: timing, wakeLayers: wakeLayers), logger: logger))
      service = BridgeService(store: faulty, identity: .code, logger: logger)
    }

    func send(_ content: String) async throws {
      _ = try await plain.send(NewMessage(sender: .cowork, recipient: .code, content: content))
    }

    /// Runs one round of the upkeep: cancelling its sleep ends it.
    func maintain() async {
      let upkeep = Task { await service.run(interval: .seconds(3_600)) }
      faulty.on(.recoverExpired, .after) { () throws(BridgeError) in upkeep.cancel() }
      await upkeep.value
    }

    func close() async {
      await faulty.close()
      await plain.close()
      try? FileManager.default.removeItem(atPath: folder)
    }
  }

  @Test func aLeaseThatCouldNotBeConfirmedIsConfirmedLater() async throws {
    let bench = Bench()
    try await bench.send("once")
    let delivery = try await bench.service.readMessages()
    bench.faulty.fail(.confirm, times: 2)
    await bench.service.delivered(delivery.lease)
    await bench.maintain()
    #expect(bench.faulty.leases(of: .confirm).count == 2)
    await bench.maintain()
    await bench.maintain()
    #expect(bench.faulty.leases(of: .confirm) == Array(repeating: delivery.lease, count: 3))
    let id = try #require(delivery.messages.first?.id)
    #expect(try await bench.plain.message(id, for: .cowork)?.readAt != nil)
    #expect(bench.log.entries.contains { "\($0.message)".contains("could not be confirmed") })
    await bench.close()
  }

  @Test func aWaitEndsIfTheStoreHangsAndGivesBackWhatItTakesLater() async throws {
    let bench = Bench()
    try await bench.send("late")
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let (undone, isUndone) = AsyncStream.makeStream(of: Void.self)
    // A store that hangs ignores cancellation too; a stream would end.
    let opened = Task { for await _ in gate {} }
    bench.faulty.on(.take, .after) { () throws(BridgeError) in await opened.value }
    bench.faulty.on(.undo, .after) { () throws(BridgeError) in isUndone.finish() }
    let error = await #expect(throws: BridgeError.self) { try await bench.service.waitForUpdates(timeoutSeconds: 1) }
    #expect(error?.code == .storeUnavailable && error?.message.contains("did not answer in time") == true)
    #expect(try await bench.plain.unreadCounts(for: .code).messages == 0)
    open.finish()
    for await _ in undone {}
    #expect(try await bench.plain.unreadCounts(for: .code).messages == 1)
    let again = try await bench.service.waitForUpdates(timeoutSeconds: 0)
    #expect(again.messages.map(\.content) == ["late"] && again.messages.first?.redelivered == false)
    await bench.close()
  }

  @Test func aConfirmationWhoseOutcomeIsUnknownIsRepeatedWithoutHarm() async throws {
    let bench = Bench()
    try await bench.send("once")
    let delivery = try await bench.service.readMessages()
    bench.faulty.fail(.confirm, .after)
    await bench.service.delivered(delivery.lease)
    await bench.maintain()
    #expect(bench.faulty.leases(of: .confirm).count == 2)
    #expect(try await bench.service.readMessages().isEmpty)
    await bench.close()
  }

  @Test func aLeaseIsRenewedOnlyWhileItsReplyIsBeingWritten() async throws {
    let bench = Bench(timing: StoreTiming(lease: .seconds(60)))
    try await bench.send("slow")
    let delivery = try await bench.service.readMessages()
    bench.faulty.fail(.renew)
    await bench.maintain()
    await bench.maintain()
    #expect(bench.faulty.leases(of: .renew) == [delivery.lease, delivery.lease])
    await bench.service.delivered(delivery.lease)
    await bench.maintain()
    #expect(bench.faulty.leases(of: .renew).count == 2)
    await bench.close()
  }

  @Test func leasesOfTasksAreRenewedAndConfirmedLikeThoseOfMessages() async throws {
    let bench = Bench()
    let task = NewTask(sender: .cowork, recipient: .code, title: "t", description: "")
    _ = try await bench.plain.createTask(task)
    let page = try await bench.service.tasks()
    await bench.service.undelivered(page.lease)
    let report = try await bench.service.task(task.id)
    await bench.maintain()
    #expect(bench.faulty.leases(of: .renew) == [report.lease])
    await bench.service.delivered(report.lease)
    #expect(try await bench.service.unreadCounts().isEmpty)
    await bench.close()
  }

  @Test(arguments: [true, false])
  func anotherInstanceOfTheSessionGetsTheAnswerByOneCall(marking: Bool) async throws {
    let bench = Bench()
    let session = Session(named: "s")
    let services = [session, session, Session(named: "other")].map {
      BridgeService(store: bench.plain, instance: Instance(agent: .code, session: $0), logger: .init(label: "test"))
    }
    for service in services { await service.signOfLife() }
    let (asker, sibling, other) = (services[0], services[1], services[2])
    for number in 1...3 {
      let asked = try await asker.send(to: .cowork, content: "\(number)?").messageID
      var answer = NewMessage(sender: .cowork, recipient: .code, content: "\(number)")
      answer.references.replyTo = asked
      _ = try await bench.plain.send(answer)
      #expect(try await other.readMessages(markRead: marking).kept == 1)
      let delivery = try await sibling.readMessages(markRead: marking)
      #expect(delivery.messages.map(\.content) == ["\(number)"] && delivery.kept == 0)
      if marking { await sibling.delivered(delivery.lease) } else { break }
    }
    await bench.close()
  }

  @Test func aWaitCancelledWhileTakingGivesBackWhatItTook() async throws {
    let bench = Bench()
    try await bench.send("kept")
    let (arrived, arrive) = AsyncStream<Void>.makeStream()
    let (released, release) = AsyncStream<Void>.makeStream()
    bench.faulty.on(.take, .after) { () async throws(BridgeError) in
      arrive.yield()
      for await _ in released { break }
    }
    let taking = Task { try await bench.service.waitForUpdates(timeoutSeconds: 55) }
    for await _ in arrived { break }
    taking.cancel()
    release.yield()
    await #expect(throws: CancellationError.self) { try await taking.value }
    #expect(bench.faulty.leases(of: .undo).count == 1)
    #expect(try await bench.service.readMessages().messages.map(\.content) == ["kept"])
    await bench.close()
  }

  @Test func aCancelledWaitEndsAtOnce() async throws {
    let bench = Bench()
    let (arrived, arrive) = AsyncStream<Void>.makeStream()
    bench.faulty.on(.take, .after) { () throws(BridgeError) in arrive.yield() }
    let wait = Task { try await bench.service.readMessages(waitSeconds: 55) }
    for await _ in arrived { break }
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    try await bench.send("later")
    #expect(try await bench.service.readMessages().messages.count == 1)
    await bench.close()
  }

  @Test func aMessageThatComesBetweenTheFirstLookAndTheWaitEndsTheWait() async throws {
    // Without wake-up layers the only hint is that of the store's own write.
    let bench = Bench(wakeLayers: [])
    let faulty = bench.faulty
    faulty.on(.take, .after) { () async throws(BridgeError) in
      _ = try await faulty.send(NewMessage(sender: .cowork, recipient: .code, content: "just then"))
    }
    let began = ContinuousClock.now
    #expect(try await bench.service.readMessages(waitSeconds: 55).messages.map(\.content) == ["just then"])
    // The final look after the time-out would find it as well.
    #expect(ContinuousClock.now - began < .seconds(40))
    await bench.close()
  }

  @Test func waitingForAnythingTakesNothingAndSeesOnlyWhatWasAsked() async throws {
    let bench = Bench()
    _ = try await bench.plain.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: ""))
    let none = try await bench.service.waitForAnything(messages: true, tasks: false, timeout: .milliseconds(1))
    #expect(none.isEmpty)
    try await bench.send("m")
    #expect(try await bench.service.waitForAnything(timeout: .seconds(55)) == UnreadCounts(messages: 1, tasks: 1))
    #expect(try await bench.service.unreadCounts() == UnreadCounts(messages: 1, tasks: 1))
    await bench.close()
  }

  @Test func whoWaitsForAReplyIsToldThatTheMessageWasSentWhateverTheStoreDoesThen() async throws {
    let bench = Bench()
    bench.faulty.fail(.take, times: 100)
    let (receipt, reply) = try await bench.service.ask(.cowork, content: "question", waitSeconds: 1)
    #expect(!receipt.duplicate && reply.isEmpty)
    #expect(try await bench.plain.message(receipt.messageID, for: .cowork)?.content == "question")
    await bench.close()
  }

  /// A wait may last longer than a call may wait for locks and connections.
  @Test func whatComesAfterAWaitHasTimeOfItsOwn() async throws {
    let bench = Bench()
    for verb in [FaultyStore.Verb.take, .take, .undo] {
      bench.faulty.on(verb, .before) { () throws(BridgeError) in
        #expect(CallStart.end(after: .zero) > ContinuousClock.now - .seconds(50), "\(verb)")
      }
    }
    let reply = try await CallStart.with(.now - .seconds(100)) {
      try await bench.service.ask(.cowork, content: "question", waitSeconds: 1).reply
    }
    #expect(reply.isEmpty && bench.faulty.calls.suffix(1) == [.undo])
    await bench.close()
  }

  @Test func aFailingStoreIsAnErrorOfTheCallAndTheNextCallWorks() async throws {
    let bench = Bench()
    bench.faulty.fail(.send)
    await #expect(throws: BridgeError.self) { try await bench.service.send(to: .cowork, content: "m") }
    #expect(try await bench.service.send(to: .cowork, content: "m").isNew)
    #expect(try await bench.plain.unreadCounts(for: .cowork).messages == 1)
    await bench.close()
  }

  @Test func whatBreaksALimitNeverReachesTheStore() async throws {
    let bench = Bench()
    await #expect(throws: BridgeError.self) { try await bench.service.send(to: .cowork, content: "") }
    await #expect(throws: BridgeError.self) { try await bench.service.createTask(for: .cowork, title: "", description: "") }
    await #expect(throws: BridgeError.self) { try await bench.service.updateTask("t", to: .failed, result: "\u{0}") }
    #expect(bench.faulty.calls.isEmpty)
    await bench.close()
  }

  @Test func theClientsNameIsPublishedOnceItIsKnown() async throws {
    let bench = Bench()
    await bench.service.clientIs("claude-code 2.1")
    await bench.service.clientIs("claude-code 2.1")
    #expect(bench.faulty.calls == [.heartbeat])
    #expect(try await bench.plain.agents().first?.client == "claude-code 2.1")
    await bench.service.signOff()
    #expect(try await bench.plain.agents().first?.online == false)
    await bench.close()
  }
}
