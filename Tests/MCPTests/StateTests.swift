import Synchronization
import Testing

@testable import MCP

@Suite struct StateTests {
  private func part(_ text: String, _ ticket: Int? = nil, id: RequestID? = nil, delivery: Int? = nil) -> Outbox.Part {
    Outbox.Part(
      bytes: Array(text.utf8), ticket: ticket.map(Ticket.init), id: id, delivery: delivery.map(DeliveryID.init))
  }

  private func text(_ chunk: Outbox.Chunk?) -> String? {
    chunk.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  @Test func theOutboxWritesLinesInOrderAndReportsThemOnceWritten() {
    var outbox = Outbox()
    #expect(outbox.append(.init(parts: [part("one", delivery: 1)])) == [])
    #expect(outbox.append(.init(parts: [part("two", delivery: 2), part("three", delivery: 3)], isBatch: true)) == [])
    let chunk = outbox.nextChunk(limit: 6)
    #expect(text(chunk) == "one\n[t")
    #expect(chunk?.begun == [DeliveryID(number: 1), DeliveryID(number: 2), DeliveryID(number: 3)])
    #expect(outbox.chunkWritten() == [DeliveryID(number: 1)])
    #expect(outbox.nextText(100) == "wo,three]\n")
    #expect(!outbox.isIdle)
    #expect(outbox.chunkWritten() == [DeliveryID(number: 2), DeliveryID(number: 3)])
    #expect(outbox.isIdle)
    #expect(outbox.queuedBytes == 0)
    #expect(outbox.nextChunk() == nil)
  }

  @Test func theOutboxGivesBackOnlyWhatIsNotBegun() {
    var outbox = Outbox()
    _ = outbox.append(.init(parts: [part("first", 1, delivery: 1)]))
    _ = outbox.append(.init(parts: [part("a", 2, delivery: 2), part("b", 3, delivery: 3)], isBatch: true))
    _ = outbox.nextChunk(limit: 2)
    #expect(outbox.withdraw { $0.ticket == Ticket(number: 1) } == [])
    #expect(outbox.withdraw { $0.ticket == Ticket(number: 2) } == [DeliveryID(number: 2)])
    _ = outbox.chunkWritten()
    #expect(outbox.nextText() == "rst\n[b]\n")
  }

  @Test func aClosedOutboxReportsAllThatIsUnwritten() {
    var outbox = Outbox()
    for number in 1...3 { _ = outbox.append(.init(parts: [part("xxxx", delivery: number)])) }
    _ = outbox.nextChunk(limit: 7)
    #expect(Set(outbox.close()) == Set((1...3).map(DeliveryID.init)))
    #expect(outbox.append(.init(parts: [part("x", delivery: 4)])) == [DeliveryID(number: 4)])
    #expect(outbox.isIdle)
  }

  @Test func updatesThatWaitAreNotRepeated() {
    var outbox = Outbox()
    let key = Outbox.CoalescingKey(subscription: nil, uri: "a:b")
    for _ in 0..<3 { _ = outbox.append(.init(parts: [part("u")], key: key)) }
    #expect(outbox.nextText() == "u\n")
    _ = outbox.append(.init(parts: [part("v")], key: key))
    _ = outbox.chunkWritten()
    #expect(outbox.nextText() == "v\n")
  }

  @Test func theLedgerCallsOneHookOnceAndReleasesHeldCallsAfterIt() async {
    var ledger = DeliveryLedger()
    let journal = Journal()
    let hooks = DeliveryHooks(delivered: { journal.note("delivered") }, undelivered: { journal.note("undelivered") })
    let first = ledger.add(hooks)
    let second = ledger.add(hooks)
    #expect(ledger.hold(Ticket(number: 6)) == false)
    ledger.begin(first)
    #expect(ledger.hold(Ticket(number: 7)) == true)
    await ledger.settle(first, .delivered)?()
    let again = ledger.settle(first, .undelivered)
    if again != nil { Issue.record("a second hook is due") }
    #expect(ledger.hold(Ticket(number: 8)) == true)
    await ledger.settle(second, .undelivered)?()
    #expect(ledger.hookReturned(second) == [])
    #expect(ledger.hookReturned(first) == [Ticket(number: 7), Ticket(number: 8)])
    #expect(ledger.isEmpty)
    #expect(journal.all == ["delivered", "undelivered"])
  }

  @Test func callsAreAdmittedInOrder() {
    var calls = Calls(concurrent: 1, waiting: 2)
    let tickets = (1...3).map { calls.add(.integer($0), .june2025, .line) }
    for ticket in tickets.prefix(2) { calls.enqueue(ticket) { _ in .silence } }
    #expect(calls.admit() == tickets[0])
    #expect(calls.admit() == nil)
    #expect(!calls.isFull)
    calls.enqueue(tickets[2]) { _ in .silence }
    #expect(calls.isFull)
    if calls.start(tickets[0]) == nil { Issue.record("the call has no work") }
    #expect(calls.discard(tickets[1]) == true)
    #expect(calls.discard(tickets[0]) == false)
    calls.finish(tickets[0])
    #expect(calls.admit() == tickets[2])
    calls.finish(tickets[2])
    #expect(calls.admit() == nil)
    #expect(!calls.isRunning)
  }

  @Test func progressMustRise() {
    var calls = Calls(concurrent: 1, waiting: 1)
    let ticket = calls.add(.integer(1), .june2025, .line, progressToken: .string("t"))
    let rising = [1, 1, 0.5, 2, .nan, .infinity].map { calls.progress(ticket, to: $0) != nil }
    #expect(rising == [true, false, false, true, false, false])
    _ = calls.remove(ticket)
    #expect(calls.progress(ticket, to: 9) == nil)
    #expect(calls.ticket(of: .integer(1)) == nil)
  }

  @Test func batchesGatherAnswersAndLeaveOutWhatIsDropped() {
    var batches = Batches()
    let id = batches.open()
    for _ in 0..<3 { batches.expect(id) }
    #expect(batches.answer(id, part("a", id: .integer(1), delivery: 1)) == nil)
    #expect(batches.close(id) == nil)
    #expect(batches.drop(id) == nil)
    #expect(batches.withdraw(.integer(1)) == [DeliveryID(number: 1)])
    let line = batches.answer(id, part("b"))
    #expect(line?.parts.map(\.bytes) == [Array("b".utf8)])
    let silent = batches.open()
    #expect(batches.close(silent) == nil)
  }

  @Test func anUpdateBeforeTheAcknowledgementIsHeld() {
    var table = Subscriptions(limit: 2)
    let ticket = Ticket(number: 1)
    table.open(ticket, ["a:b"])
    #expect(table.tellOwner() == ["a:b"])
    #expect(table.updated("a:b") == [])
    #expect(table.updated("a:b") == [])
    #expect(table.takeKnown().map(\.ticket) == [])
    table.ownerTold()
    #expect(table.takeKnown().map(\.ticket) == [ticket])
    #expect(table.acknowledge(ticket) == ["a:b"])
    #expect(table.updated("a:b") == [ticket])
    #expect(table.updated("a:c") == [])
    #expect(table.close(ticket) == true)
    #expect(table.acknowledge(ticket) == nil)
    #expect(table.uris.isEmpty)
    #expect(table.tellOwner() == [])
  }

  @Test func aSubscriptionThatEndsWhileTheOwnerIsToldIsAcknowledgedAllTheSame() {
    var table = Subscriptions(limit: 2)
    table.subscribe(Ticket(number: 1), to: "a:b")
    #expect(table.tellOwner() == ["a:b"])
    table.subscribe(Ticket(number: 2), to: "a:c")
    table.unsubscribe("a:c")
    #expect(table.tellOwner() == nil)
    table.ownerTold()
    #expect(table.takeKnown().map(\.ticket) == [Ticket(number: 1), Ticket(number: 2)])
    #expect(table.tellOwner() == nil)
  }
}

extension Outbox.Line: Equatable {
  public static func == (left: Outbox.Line, right: Outbox.Line) -> Bool {
    left.isBatch == right.isBatch && left.parts.map(\.bytes) == right.parts.map(\.bytes)
  }
}

extension Outbox {
  fileprivate mutating func nextText(_ limit: Int = 64 << 10) -> String? {
    nextChunk(limit: limit).map { String(decoding: $0.bytes, as: UTF8.self) }
  }
}
