import Foundation
import MCP
import Testing

extension ProcessTests {
  /// The reply is queued behind others that nobody reads when its request is cancelled.
  @Test(arguments: Wiring.allCases)
  func aCancelledReadGivesItsMessagesBackAtOnce(_ wiring: Wiring) async throws {
    let home = try Home()
    let sender = try await Server.start(home, as: "code")
    let reader = try await Server.start(home, as: "cowork", wiring: wiring)
    try await blockOutput(of: reader, from: sender)
    let sent = try await sender.send((0..<20).map { "\($0)" }, to: "cowork")
    let read = reader.beginCall("read_messages")
    try await sender.untilRead(20, sentBy: "code")
    let twin = try await Server.start(home, as: "cowork")
    let wait = twin.beginCall("wait_for_updates", ["timeout_seconds": 25])
    reader.notify("notifications/cancelled", ["requestId": .integer(read.id)])
    let back = Received.all(in: try Server.content(try await wait.reply.value(within: .seconds(10), "what was cancelled")))
    #expect(back.map(\.id) == sent)
    #expect(back.allSatisfy { !$0.redelivered }, "nobody has seen them")
    reader.resumeReading()
    _ = try await reader.request("ping")
    #expect(!read.reply.hasHappened, "a cancelled request was answered")
  }

  @Test func aCancelledWaitTakesNothing() async throws {
    let home = try Home()
    let sender = try await Server.start(home, as: "code")
    let reader = try await Server.start(home, as: "cowork")
    let wait = reader.beginCall("wait_for_updates", ["timeout_seconds": 55])
    _ = try await reader.call("list_agents")
    reader.notify("notifications/cancelled", ["requestId": .integer(wait.id)])
    _ = try await reader.request("ping")
    let sent = try await sender.send(["after"], to: "cowork")
    let twin = try await Server.start(home, as: "cowork")
    let read = try await twin.readAll()
    #expect(read.map(\.id) == sent)
    #expect(!wait.reply.hasHappened)
  }

  @Test(arguments: Wiring.allCases)
  func nothingIsMarkedWhenTheClientHasClosedTheOutput(_ wiring: Wiring) async throws {
    let home = try Home()
    let sender = try await Server.start(home, as: "code")
    let sent = try await sender.send((0..<5).map { "\($0)" }, to: "cowork")
    let reader = try await Server.start(home, as: "cowork", wiring: wiring)
    try await reader.closeOutput()
    _ = reader.beginCall("read_messages")
    _ = try await reader.child.exit()
    let unread = try await home.sqlite3("SELECT COUNT(*) FROM messages WHERE read = 0")
    #expect(unread == "5", "what nobody could read was marked read")
    let next = try await Server.start(home, as: "cowork")
    let read = try await next.readAll()
    #expect(read.map(\.id) == sent)
    #expect(read.allSatisfy { !$0.redelivered })
  }

  /// A lease of a process that nobody here can look at ends by its time.
  @Test func aForeignLeaseHoldsUntilItExpires() async throws {
    let home = try Home()
    let sender = try await Server.start(home, as: "code")
    let sent = try await sender.send(["expired", "held"], to: "cowork")
    for (id, offset) in zip(sent, ["-1 seconds", "+3600 seconds"]) {
      try await home.sqlite3(
        """
        UPDATE messages SET read = 1 WHERE id = '\(id)';
        INSERT INTO leases
          VALUES ('\(id)', 'cowork', 'cowork@elsewhere:1-0', 'elsewhere|1|1', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '\(offset)'));
        INSERT INTO lease_items SELECT id, 'message', rowid, id FROM messages WHERE id = '\(id)';
        """)
    }
    let reader = try await Server.start(home, as: "cowork")
    let read = try await reader.readAll()
    #expect(read.map(\.content) == ["expired"])
    #expect(read.first?.redelivered == true)
  }
}
