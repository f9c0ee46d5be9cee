import Foundation
import MCPClient
import ProcessTesting
import Testing

extension ProcessTests {
  /// A reader is killed between taking and replying, and between replying and confirming, wherever it may be.
  @Test func nothingIsLostWhenReadersAreKilledAtRandomMoments() async throws {
    let kills = 70
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    var random = SeededGenerator(seed: 20_261_123)
    var sent = [String]()
    var received = [Received]()
    var openLeases = 0
    for round in 0..<kills {
      // A large reply takes longer to make and to write.
      let size = round.isMultiple(of: 3) ? 12_000 : 10
      sent += try await sender.send((0..<6).map { "\(round).\($0) " + String(repeating: "x", count: size) }, to: "cowork")
      let reader = try await sandbox.serve("cowork", wiring: round.isMultiple(of: 2) ? .pipes : .sockets)
      let reads = (0..<4).map { _ in reader.beginCall("read_messages", ["limit": .integer(.random(in: 1...4, using: &random))]) }
      // A moment counted from the connection's start or from one of the replies, so that it falls among them on any machine.
      let answered = Int.random(in: 0...3, using: &random)
      if answered > 0 { _ = try await reads[answered - 1].arrival() }
      try await Task.sleep(for: .microseconds(Int.random(in: 0...8_000, using: &random)))
      try await reader.kill()
      received += Received.all(from: reader)
      if try await sandbox.sqlite3("SELECT COUNT(*) FROM leases") != "0" { openLeases += 1 }
    }
    // What five readers took before they died is set aside.
    let aside = try await sandbox.run("read", "--set-aside", "--json", "--as", "cowork").json["messages"]?.arrayValue ?? []
    for id in aside.compactMap({ $0["id"]?.stringValue }) {
      #expect(try await sandbox.run("read", "--again", id, "--as", "cowork").status == 0)
    }
    let last = try await sandbox.serve("cowork")
    received += try await last.readAll()
    let counts = expectEachArrived(sent, received)
    report(
      "kills: \(kills), \(openLeases) left an open lease; messages: \(sent.count), "
        + "lost: \(counts.lost), doubled: \(counts.doubled), redelivered though never seen: \(counts.unseen)")
    #expect(openLeases > 0, "no kill fell between taking and confirming")
    try await sandbox.expectIntegrity()
    try await last.stop()
    try await sender.stop()
  }

  /// A client that has read the reply does not tell the server so: a kill right then may come before the confirmation.
  @Test func aKillRightAfterTheReplyLosesNothing() async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    var sent = [String]()
    var received = [Received]()
    for round in 0..<15 {
      sent += try await sender.send(["\(round)"], to: "cowork")
      let reader = try await sandbox.serve("cowork")
      let before = received.count
      _ = try await reader.beginCall("read_messages").arrival()
      try await reader.kill()
      received += Received.all(from: reader)
      #expect(received.count > before)
    }
    let last = try await sandbox.serve("cowork")
    received += try await last.readAll()
    let counts = expectEachArrived(sent, received)
    report("kills right after the reply: 15, lost: \(counts.lost), doubled: \(counts.doubled)")
    try await sandbox.expectIntegrity()
  }

  /// Standard output stands still, so that the reply is certainly neither delivered nor confirmed.
  @Test(arguments: ChildServer.Wiring.allCases)
  func whatABlockedReaderHadTakenComesBackAtOnceWhenItIsKilled(_ wiring: ChildServer.Wiring) async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let reader = try await sandbox.serve("cowork", wiring: wiring)
    try await blockOutput(of: reader, from: sender)
    let sent = try await sender.send((0..<40).map { "\($0)" }, to: "cowork")
    _ = reader.beginCall("read_messages")
    try await sender.untilRead(40, sentBy: "code")
    #expect(try await sandbox.sqlite3("SELECT COUNT(*) FROM messages WHERE read = 0 AND sender = 'code'") == "0")
    try await reader.kill()
    #expect(Received.all(from: reader).filter { $0.sender == "code" }.isEmpty)

    let next = try await sandbox.serve("cowork")
    let started = ContinuousClock.now
    let read = Received.all(
      in: try await next.beginCall("read_messages").content(within: .seconds(5)))
    report("back after a blocked reader's death (\(wiring)): \((ContinuousClock.now - started).milliseconds)")
    #expect(read.map(\.id) == sent)
    #expect(read.allSatisfy { $0.redelivered })
    try await sandbox.expectIntegrity()
  }

  /// A waiting server learns by itself that another one of its identity has died.
  @Test func aWaitingServerGetsWhatADeadOneHadTaken() async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let reader = try await sandbox.serve("cowork")
    try await blockOutput(of: reader, from: sender)
    let sent = try await sender.send(["taken"], to: "cowork")
    _ = reader.beginCall("read_messages")
    try await sender.untilRead(1, sentBy: "code")
    let waiting = try await sandbox.serve("cowork")
    let wait = waiting.beginCall("wait_for_updates", ["timeout_seconds": 40])
    #expect(try await waiting.call("list_agents")["unread"] == nil)
    try await reader.kill()
    let read = Received.all(in: try await wait.content(within: .seconds(20)))
    #expect(read.map(\.id) == sent)
    #expect(read.first?.redelivered == true)
  }

  /// A reader that only stands still keeps what it has taken.
  @Test func aStoppedReaderKeepsWhatItHasTaken() async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let sent = try await sender.send(["taken"], to: "cowork")
    let reader = try await sandbox.serve("cowork")
    let arrival = reader.pauseReading()
    let call = reader.beginCall("read_messages")
    _ = await arrival.wait()
    reader.child.signal(SIGSTOP)
    let twin = try await sandbox.serve("cowork")
    #expect(try await twin.readAll().isEmpty)
    reader.child.signal(SIGCONT)
    reader.resumeReading()
    #expect(Received.all(in: try await call.content()).map(\.id) == sent)
    _ = try await reader.call("list_agents")
    #expect(try await twin.readAll().isEmpty)
  }

  /// Every message arrived; what came again says so.
  @discardableResult
  func expectEachArrived(_ sent: [String], _ received: [Received]) -> (lost: Int, doubled: Int, unseen: Int) {
    let lost = Set(sent).subtracting(received.map(\.id))
    #expect(lost.isEmpty, "\(lost.count) of \(sent.count) messages were lost")
    #expect(Set(received.map(\.id)).isSubset(of: sent))
    var seen = Set<String>()
    var (doubled, unseen) = (0, 0)
    for message in received {
      if seen.insert(message.id).inserted {
        if message.redelivered { unseen += 1 }
        continue
      }
      doubled += 1
      #expect(message.redelivered, "\(message.content.prefix(20)) came again without saying so")
    }
    return (lost.count, doubled, unseen)
  }

  /// Fills a server's standard output until it stands still, with answers that nobody reads and that take nothing.
  func blockOutput(of server: ChildServer, from sender: ChildServer) async throws {
    // An answer that no pipe or socket holds.
    try await server.send([String(repeating: "f", count: 250_000)], to: "code")
    let filler = try await sender.readAll()
    let arrival = server.pauseReading()
    for _ in 0..<3 { _ = server.begin("resources/read", ["uri": .string("bridge://messages/\(filler[0].id)")]) }
    _ = await arrival.wait()
  }
}
