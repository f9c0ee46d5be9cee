import Synchronization
import Testing

@testable import MCP

@Suite struct StateTests {
  private let hooks = DeliveryHooks(
    delivered: { HookJournal.current?.note("delivered") }, undelivered: { HookJournal.current?.note("undelivered") })

  private func send(_ text: String, _ ticket: Int? = nil, in batch: BatchID? = nil, to output: inout Output) {
    output.send(Array(text.utf8), in: batch, ticket: ticket.map(Ticket.init), id: ticket.map { .integer(Int64($0)) }, hooks: hooks)
  }

  /// The hooks that are due, by the number of their reply.
  private func due(_ output: inout Output) async -> [Int: String] {
    var due: [Int: String] = [:]
    for (id, hook) in output.takeDueHooks() {
      let journal = Journal()
      await HookJournal.$current.withValue(journal) { await hook() }
      due[id.number] = journal.all.joined()
    }
    return due
  }

  @Test func theOutputWritesLinesInOrderAndReportsThemOnceWritten() async {
    var output = Output()
    send("one", to: &output)
    let batch = output.openBatch()
    for text in ["two", "three"] {
      output.expectAnswer(in: batch)
      send(text, in: batch, to: &output)
    }
    output.closeBatch(batch)
    #expect(output.nextText(6) == "one\n[t")
    #expect(output.nextText() == nil)
    output.written()
    #expect(await due(&output) == [1: "delivered"])
    #expect(output.nextText(100) == "wo,three]\n")
    #expect(!output.isIdle)
    output.written()
    #expect(await due(&output) == [3: "delivered", 4: "delivered"])
    #expect(output.isIdle)
    #expect(output.queuedBytes == 0)
    #expect(output.nextText() == nil)
  }

  @Test func theOutputGivesBackOnlyWhatIsNotBegun() async {
    var output = Output()
    send("first", 1, to: &output)
    let batch = output.openBatch()
    for (number, text) in [(2, "a"), (3, "b")] {
      output.expectAnswer(in: batch)
      send(text, number, in: batch, to: &output)
    }
    output.closeBatch(batch)
    #expect(output.nextText(2) == "fi")
    output.withdraw(Ticket(number: 1))
    #expect(await due(&output) == [:])
    output.withdraw(Ticket(number: 2))
    #expect(await due(&output) == [3: "undelivered"])
    output.written()
    #expect(output.nextText() == "rst\n[b]\n")
  }

  @Test func aClosedOutputGivesBackAllThatIsUnwritten() async {
    var output = Output()
    for _ in 1...3 { send("xxxx", to: &output) }
    _ = output.nextText(7)
    output.close()
    #expect(await due(&output) == [1: "undelivered", 2: "undelivered", 3: "undelivered"])
    send("x", to: &output)
    #expect(await due(&output) == [4: "undelivered"])
    output.written()
    #expect(output.isIdle)
    #expect(await due(&output) == [:])
  }

  @Test func updatesThatWaitAreNotRepeated() {
    var output = Output()
    for _ in 0..<3 { output.send(update: Array("u".utf8)) }
    #expect(output.nextText() == "u\n")
    for text in ["u", "v", "u"] { output.send(update: Array(text.utf8)) }
    output.written()
    #expect(output.nextText() == "u\nv\n")
  }

  @Test func callsThatAreHeldAreReleasedAfterTheHooksThatWereOutstanding() async {
    var output = Output()
    send("a", to: &output)
    send("b", to: &output)
    #expect(output.hold(Ticket(number: 6)) == false)
    #expect(output.nextText(1) == "a")
    #expect(output.hold(Ticket(number: 7)) == true)
    output.written()
    #expect(output.nextText() == "\nb\n")
    output.written()
    #expect(await due(&output) == [1: "delivered", 2: "delivered"])
    #expect(output.hold(Ticket(number: 8)) == true)
    #expect(output.hookReturned(DeliveryID(number: 2)) == [])
    #expect(output.hookReturned(DeliveryID(number: 1)) == [Ticket(number: 7), Ticket(number: 8)])
    #expect(output.isSettled)
  }

  @Test func callsAreAdmittedInOrder() {
    var calls = Calls(concurrent: 1, waiting: 2)
    let tickets = (1...3).map { calls.add(.integer($0), .june2025) }
    for ticket in tickets.prefix(2) { calls.enqueue(ticket) { _ in .silence } }
    #expect(calls.admit() == tickets[0])
    #expect(calls.admit() == nil)
    #expect(!calls.isFull)
    calls.enqueue(tickets[2]) { _ in .silence }
    #expect(calls.isFull)
    if calls.start(tickets[0]) == nil { Issue.record("the call has no work") }
    #expect(calls.remove(tickets[1])?.work != nil)
    #expect(calls.remove(tickets[0])?.work == nil)
    calls.finish(tickets[0])
    #expect(calls.admit() == tickets[2])
    calls.finish(tickets[2])
    #expect(calls.admit() == nil)
    #expect(!calls.isRunning)
  }

  @Test func callsInTurnRunOneAfterTheOtherAndOthersPassThem() {
    var calls = Calls(concurrent: 3, waiting: 9)
    let tickets = (1...5).map { calls.add(.integer($0), .june2025) }
    for (index, ticket) in tickets.enumerated() { calls.enqueue(ticket, inTurn: index != 3) { _ in .silence } }
    func admitted() -> [Int] {
      var numbers = [Int]()
      while let ticket = calls.admit() { numbers.append(ticket.number) }
      return numbers
    }
    #expect(admitted() == [1, 4])
    // Cancelled before its turn.
    _ = calls.remove(tickets[1])
    // Cancelled while it runs: its turn ends when its work has.
    if calls.start(tickets[0]) == nil { Issue.record("the call has no work") }
    _ = calls.remove(tickets[0])
    #expect(admitted() == [])
    calls.finish(tickets[0])
    #expect(admitted() == [3])
    // Cancelled before it was started.
    _ = calls.remove(tickets[2])
    #expect(admitted() == [5])
  }

  @Test func aCallThatLeavesItsTurnRunsOnBesideTheNextOne() {
    var calls = Calls(concurrent: 3, waiting: 9)
    let tickets = (1...3).map { calls.add(.integer($0), .june2025) }
    for ticket in tickets { calls.enqueue(ticket, inTurn: true) { _ in .silence } }
    #expect(calls.admit() == tickets[0] && calls.admit() == nil)
    calls.leaveTurn(tickets[0])
    #expect(calls.admit() == tickets[1] && calls.admit() == nil)
    // Its end does not end the turn of the other.
    calls.finish(tickets[0])
    #expect(calls.admit() == nil)
    calls.finish(tickets[1])
    #expect(calls.admit() == tickets[2])
  }

  @Test func progressMustRise() {
    var calls = Calls(concurrent: 1, waiting: 1)
    let ticket = calls.add(.integer(1), .june2025, progressToken: .string("t"))
    let rising = [1, 1, 0.5, 2, .nan, .infinity].map { calls.progress(ticket, to: $0) != nil }
    #expect(rising == [true, false, false, true, false, false])
    _ = calls.remove(ticket)
    #expect(calls.progress(ticket, to: 9) == nil)
    #expect(calls.ticket(of: .integer(1)) == nil)
  }

  @Test func batchesGatherAnswersAndLeaveOutWhatIsDropped() async {
    var output = Output()
    let batch = output.openBatch()
    for _ in 0..<3 { output.expectAnswer(in: batch) }
    send("a", 1, in: batch, to: &output)
    output.closeBatch(batch)
    output.dropAnswer(in: batch)
    output.withdraw(.integer(1))
    #expect(await due(&output) == [2: "undelivered"])
    #expect(output.nextText() == nil)
    send("b", in: batch, to: &output)
    #expect(output.nextText() == "[b]\n")
    output.written()
    output.closeBatch(output.openBatch())
    #expect(output.nextText() == nil)
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

extension Output {
  fileprivate mutating func nextText(_ limit: Int = 64 << 10) -> String? {
    nextWrite(limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }
}
