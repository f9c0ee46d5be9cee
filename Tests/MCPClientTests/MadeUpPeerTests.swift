import JSON
import MCPClient
import SystemSupport
import Testing

/// Against a peer that the test itself plays.
@Suite struct MadeUpPeerTests {
  @Test func answersAreMatchedByIDWhateverTheirOrder() async throws {
    let peer = try Peer()
    let (first, second) = (peer.client.begin("first"), peer.client.begin("second", ["x": 1]))
    #expect(try peer.next() == ["jsonrpc": "2.0", "id": 1, "method": "first", "params": [:]])
    #expect(try peer.next() == ["jsonrpc": "2.0", "id": 2, "method": "second", "params": ["x": 1]])
    try peer.say(["jsonrpc": "2.0", "id": 2, "result": "two"], ["jsonrpc": "2.0", "id": 1, "result": "one"])
    #expect(try await first.result() == "one")
    #expect(try await second.result() == "two")
    #expect(peer.client.messages.map { $0["id"] } == [2, 1])
  }

  @Test func anErrorIsThrownWithItsCode() async throws {
    let peer = try Peer()
    let reply = peer.client.begin("wrong")
    try peer.say(["jsonrpc": "2.0", "id": 1, "error": ["code": -32_601, "message": "Unknown."]])
    await #expect(throws: ClientError.refused("wrong", code: -32_601, message: "Unknown.")) { try await reply.result() }
    #expect(try await reply.arrival().message["error"]?["message"] == "Unknown.")
  }

  @Test func aToolReturnsItsContentOrThrowsItsSentence() async throws {
    let peer = try Peer()
    let replies = (0..<3).map { _ in peer.client.beginCall("tool", ["a": "b"]) }
    #expect(try peer.next()["params"] == ["name": "tool", "arguments": ["a": "b"]])
    try peer.say(
      ["jsonrpc": "2.0", "id": 1, "result": ["structuredContent": ["x": 1]]],
      ["jsonrpc": "2.0", "id": 2, "result": ["isError": true, "content": [["type": "text", "text": "No."]]]],
      ["jsonrpc": "2.0", "id": 3, "result": ["content": []]])
    #expect(try await replies[0].content() == ["x": 1])
    await #expect(throws: ClientError.toolFailed("tool", message: "No.")) { try await replies[1].content() }
    await #expect(throws: ClientError.malformed("tool", "no structured content")) { try await replies[2].content() }
  }

  @Test func linesThatAreNoJSONAreKeptApartAndHarmNoAnswer() async throws {
    let peer = try Peer()
    let reply = peer.client.begin("ping")
    try peer.say(bytes: "warning: \u{7}\n{\"id\":1\n{\"jsonrpc\":\"2.0\",\"id\":1,")
    try peer.say(bytes: "\"result\":{}}\n")
    #expect(try await reply.result() == [:])
    #expect(peer.client.garbage == ["warning: \u{7}", "{\"id\":1"])
  }

  @Test func anEarlyEndFailsWhatIsAwaitedAndWhatIsAskedLater() async throws {
    let peer = try Peer()
    let reply = peer.client.begin("ping")
    let notice = Task { try await peer.client.notification() }
    try peer.say(bytes: "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":")
    try peer.output.close()
    await #expect(throws: ClientError.ended(during: "ping")) { try await reply.result() }
    await #expect(throws: ClientError.ended(during: "a notification")) { try await notice.value }
    await #expect(throws: ClientError.ended(during: "later")) { try await peer.client.request("later") }
    try await peer.client.ended()
  }

  @Test func whatAnswersNoRequestIsANotification() async throws {
    let peer = try Peer()
    let reply = peer.client.begin("ping")
    try peer.say(
      ["jsonrpc": "2.0", "method": "notifications/a"], ["jsonrpc": "2.0", "id": 99, "result": "for somebody else"],
      ["jsonrpc": "2.0", "id": 1, "method": "ping"], ["jsonrpc": "2.0", "method": "notifications/b"])
    #expect(try await peer.client.notification { $0["id"] == 99 }["result"] == "for somebody else")
    #expect(try await peer.client.notification()["method"] == "ping")
    #expect(!reply.hasArrived)
    #expect(try await peer.client.notification { $0["method"] == "notifications/b" } == ["jsonrpc": "2.0", "method": "notifications/b"])
  }

  @Test func anAnswerThatDoesNotComeIsLate() async throws {
    let peer = try Peer(.init(patience: .seconds(5), clock: HastyClock()))
    let reply = peer.client.begin("slow")
    await #expect(throws: ClientError.late("the answer to slow", .seconds(5))) { try await reply.result() }
    await #expect(throws: ClientError.late("news", .seconds(9))) { try await peer.client.notification("news", within: .seconds(9)) }
    try peer.say(["jsonrpc": "2.0", "id": 1, "result": "at last"], ["jsonrpc": "2.0", "method": "x"])
    while !reply.hasArrived { await Task.yield() }
    #expect(try await reply.result() == "at last", "it can be asked for again")
  }

  @Test func aCancelledTaskStopsWaiting() async throws {
    let peer = try Peer()
    let reply = peer.client.begin("ping")
    let waiting = Task { try await reply.result() }
    waiting.cancel()
    await #expect(throws: ClientError.cancelled("the answer to ping")) { try await waiting.value }
  }

  @Test func whatThePeerDoesNotReadHoldsNobodyUp() async throws {
    let peer = try Peer()
    let text = String(repeating: "x", count: 1 << 20)
    peer.client.notify("large", ["text": .string(text)])
    peer.client.closeInput()
    #expect(try peer.next()["params"]?["text"]?.stringValue == text)
    #expect(try peer.input.readSome(upTo: 1).isEmpty, "the end comes after all that was sent")
  }

  @Test func aPausedClientLeavesTheOutputUnread() async throws {
    let peer = try Peer()
    let arrival = peer.client.pauseReading()
    let reply = peer.client.begin("ping")
    #expect(arrival.value == nil)
    try peer.say(["jsonrpc": "2.0", "id": 1, "result": [:]])
    #expect(await arrival.wait() == true)
    #expect(!reply.hasArrived)
    peer.client.resumeReading()
    #expect(try await reply.result() == [:])
  }

  @Test func closingEndsBothDirections() async throws {
    let peer = try Peer()
    let reply = peer.client.begin("ping")
    peer.client.close()
    await #expect(throws: ClientError.ended(during: "ping")) { try await reply.result() }
    _ = try peer.next()
    #expect(try peer.input.readSome(upTo: 1).isEmpty)
  }

  @Test func eachEraOpensTheSessionInItsWay() async throws {
    let handshake = try Peer(.init(name: "n", version: "2"))
    async let opened = handshake.client.connect()
    let information: JSON = ["name": "n", "version": "2"]
    #expect(
      try handshake.next() == [
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": information],
      ])
    try handshake.say(["jsonrpc": "2.0", "id": 1, "result": ["a": 1]])
    #expect(try await opened == ["a": 1])
    #expect(try handshake.next()["method"] == "notifications/initialized")

    let perRequest = try Peer(.init(name: "n", version: "2", era: .perRequest))
    perRequest.client.begin("m", ["_meta": ["progressToken": 7]])
    let prefix = "io.modelcontextprotocol/"
    let meta = JSONObject([
      (prefix + "protocolVersion", "2026-07-28"), (prefix + "clientInfo", information), (prefix + "clientCapabilities", [:]),
      ("progressToken", 7),
    ])
    #expect(try perRequest.next()["params"]?["_meta"] == .object(meta))
  }
}

/// Every wait is over at once.
private struct HastyClock: Clock {
  typealias Instant = ContinuousClock.Instant
  var now: Instant { .now }
  var minimumResolution: Duration { .zero }
  func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}

/// The other side of a client.
private final class Peer: Sendable {
  let client: Client
  let input: FileDescriptor
  let output: FileDescriptor

  init(_ settings: Client.Settings = .init()) throws {
    let (toPeer, fromPeer) = (try FileDescriptor.makePipe(), try FileDescriptor.makePipe())
    (input, output) = (toPeer.reading, fromPeer.writing)
    client = try Client(input: toPeer.writing, output: fromPeer.reading, settings: settings)
  }

  deinit { try? input.close() }

  /// The next line that the client wrote. Blocks.
  func next() throws -> JSON {
    var line = [UInt8]()
    while let byte = try input.readSome(upTo: 1).first, byte != UInt8(ascii: "\n") { line.append(byte) }
    return try JSON(decoding: line)
  }

  func say(_ messages: JSON...) throws {
    for message in messages { try output.writeCompletely(message.encoded() + [UInt8(ascii: "\n")]) }
  }

  func say(bytes: String) throws { try output.writeCompletely(bytes.utf8) }
}
