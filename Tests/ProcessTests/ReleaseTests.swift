import Foundation
import MCPClient
import ProcessTesting
import Testing

extension ProcessTests {
  /// The reply is queued behind others that nobody reads when its request is cancelled.
  @Test(arguments: ChildServer.Wiring.allCases)
  func aCancelledReadGivesItsMessagesBackAtOnce(_ wiring: ChildServer.Wiring) async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let reader = try await sandbox.serve("cowork", wiring: wiring)
    try await blockOutput(of: reader, from: sender)
    let sent = try await sender.send((0..<20).map { "\($0)" }, to: "cowork")
    let read = reader.beginCall("read_messages")
    try await sender.untilRead(20, sentBy: "code")
    let twin = try await sandbox.serve("cowork")
    let wait = twin.beginCall("wait_for_updates", ["timeout_seconds": 25])
    reader.notify("notifications/cancelled", ["requestId": .integer(read.id)])
    let back = Received.all(in: try await wait.content(within: .seconds(10)))
    #expect(back.map(\.id) == sent)
    #expect(back.allSatisfy { !$0.redelivered }, "nobody has seen them")
    reader.resumeReading()
    _ = try await reader.request("ping")
    #expect(!read.hasArrived, "a cancelled request was answered")
  }

  @Test func aCancelledWaitTakesNothing() async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let reader = try await sandbox.serve("cowork")
    let wait = reader.beginCall("wait_for_updates", ["timeout_seconds": 55])
    _ = try await reader.call("list_agents")
    reader.notify("notifications/cancelled", ["requestId": .integer(wait.id)])
    _ = try await reader.request("ping")
    let sent = try await sender.send(["after"], to: "cowork")
    let twin = try await sandbox.serve("cowork")
    let read = try await twin.readAll()
    #expect(read.map(\.id) == sent)
    #expect(!wait.hasArrived)
  }

  @Test(arguments: ChildServer.Wiring.allCases)
  func nothingIsMarkedWhenTheClientHasClosedTheOutput(_ wiring: ChildServer.Wiring) async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let sent = try await sender.send((0..<5).map { "\($0)" }, to: "cowork")
    let reader = try await sandbox.serve("cowork", wiring: wiring)
    reader.closeOutput()
    try await reader.ended()
    _ = reader.beginCall("read_messages")
    _ = try await reader.status()
    let unread = try await sandbox.sqlite3("SELECT COUNT(*) FROM messages WHERE read = 0")
    #expect(unread == "5", "what nobody could read was marked read")
    let next = try await sandbox.serve("cowork")
    let read = try await next.readAll()
    #expect(read.map(\.id) == sent)
    #expect(read.allSatisfy { !$0.redelivered })
  }

  /// A lease of a process that nobody here can look at ends by its time.
  @Test func aForeignLeaseHoldsUntilItExpires() async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let sent = try await sender.send(["expired", "held"], to: "cowork")
    for (id, offset) in zip(sent, ["-1 seconds", "+25 seconds"]) {
      try await sandbox.sqlite3(
        """
        UPDATE messages SET read = 1 WHERE id = '\(id)';
        INSERT INTO leases
          VALUES ('\(id)', 'cowork', 'cowork@elsewhere:1-0', 'elsewhere|1|1', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '\(offset)'));
        INSERT INTO lease_items SELECT id, 'message', rowid, id FROM messages WHERE id = '\(id)';
        """)
    }
    let reader = try await sandbox.serve("cowork")
    let read = try await reader.readAll()
    #expect(read.map(\.content) == ["expired"])
    #expect(read.first?.redelivered == true)
  }
}
