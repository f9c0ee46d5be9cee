import JSON
import Testing

@testable import MCP

/// Tools that record the fate of their replies.
private struct Post: Sendable {
  let journal = Journal()
  let settled = Event()
  let returned = Event()
  let mayFinish = Event()

  /// Answers at once.
  var quick: Tool {
    let text = Parameter.string("text", "What.")
    return Tool("quick", description: "d", parameters: text, returns: Text.self) { _, text in
      journal.note("call \(text)")
      returned.happen()
      return reply(text)
    }
  }

  /// Answers when released, cancelled or not.
  var stubborn: Tool {
    Tool("stubborn", description: "d", returns: Text.self) { _ in
      returned.happen()
      await mayFinish.happened()
      return reply("stubborn")
    }
  }

  /// Its `delivered` takes until it may finish.
  var thorough: Tool {
    Tool("thorough", description: "d", returns: Text.self) { _ in
      ToolReply(Text(text: "thorough")) {
        await mayFinish.happened()
        journal.note("delivered thorough")
        settled.happen()
      } undelivered: {
        journal.note("undelivered thorough")
        settled.happen()
      }
    }
  }

  private func reply(_ text: String) -> ToolReply<Text> {
    ToolReply(Text(text: text)) {
      journal.note("delivered \(text)")
      settled.happen()
    } undelivered: {
      journal.note("undelivered \(text)")
      settled.happen()
    }
  }

  func harness(_ limits: ServerLimits = ServerLimits()) -> Harness {
    Harness(.sample([quick, stubborn, thorough]), limits: limits)
  }
}

@Suite(.timeLimit(.minutes(1))) struct DeliveryTests {
  @Test func deliveredIsCalledOnlyOnceTheLineIsWritten() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    harness.client.pauseReading()
    harness.client.send(call(1, "quick", ["text": "a"]))
    await harness.client.serverIsBlocked()
    #expect(post.journal.all == ["call a"])
    harness.client.resumeReading()
    await post.settled.happened()
    #expect(post.journal.all == ["call a", "delivered a"])
    #expect(await harness.end().map { $0["id"] } == [1])
    #expect(post.journal.all == ["call a", "delivered a"])
  }

  @Test func undeliveredIsCalledAtOnceWhenAQueuedReplyIsCancelled() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    harness.client.pauseReading()
    harness.client.send(request(0, "ping"))
    await harness.client.serverIsBlocked()
    harness.client.send(call(1, "quick", ["text": "a"]))
    await post.returned.happened()
    harness.cancel(1)
    await post.settled.happened()
    #expect(post.journal.all == ["call a", "undelivered a"])
    harness.client.resumeReading()
    #expect(await harness.end().map { $0["id"] } == [0])
    #expect(post.settled.count == 1)
  }

  @Test func undeliveredIsCalledWhenTheHandlerFinishesAfterTheCancellation() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    harness.client.send(call(1, "stubborn"))
    await post.returned.happened()
    harness.cancel(1)
    #expect(await harness.ask(2, "ping")?["id"] == 2)
    post.mayFinish.happen()
    await post.settled.happened()
    #expect(post.journal.all == ["undelivered stubborn"])
    #expect(await harness.end() == [])
  }

  @Test func aReplyWhoseWritingHasBegunIsDeliveredThoughItIsCancelled() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    harness.client.pauseReading()
    harness.client.send(call(1, "quick", ["text": "a"]))
    await harness.client.serverIsBlocked()
    harness.cancel(1)
    harness.client.resumeReading()
    await post.settled.happened()
    #expect(post.journal.all == ["call a", "delivered a"])
    #expect(await harness.end().count == 1)
  }

  @Test func undeliveredIsCalledWhenTheOutputBreaks() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    harness.client.pauseReading()
    harness.client.send(call(1, "quick", ["text": "a"]))
    await harness.client.serverIsBlocked()
    harness.client.send(call(2, "stubborn"))
    harness.client.breakOutput()
    await post.settled.happened()
    #expect(post.journal.all == ["call a", "undelivered a"])
    post.mayFinish.happen()
    guard case .connectionLost = await harness.ended else {
      Issue.record("the server did not end because of the output")
      return
    }
  }

  @Test func undeliveredIsCalledWhenTheServerShutsDownWithTheReplyUnwritten() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    harness.client.pauseReading()
    harness.client.send(call(1, "quick", ["text": "a"]))
    await harness.client.serverIsBlocked()
    harness.client.send(call(2, "quick", ["text": "b"]))
    await harness.server.shutdown()
    #expect(await harness.ended == .shutdown)
    #expect(post.journal.all.first == "call a")
    #expect(post.journal.all.filter { $0 == "undelivered a" }.count == 1)
    #expect(!post.journal.all.contains("delivered a"))
  }

  @Test(
    arguments: [
      ("tools/call", ["name": "quick", "arguments": ["text": "b"]]), ("resources/read", ["uri": "test://one"]),
      ("prompts/get", ["name": "ask", "arguments": ["to": "b"]]),
    ] as [(String, JSON)])
  func aLaterCallIsCarriedOutAfterTheHooksOfEarlierReplies(_ method: String, _ params: JSON) async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    #expect(await harness.ask(1, "tools/call", ["name": "thorough", "arguments": [:]])?["id"] == 1)
    harness.client.send(request(2, method, params))
    #expect(await harness.ask(3, "ping")?["id"] == 3)
    #expect(post.journal.all == [])
    post.mayFinish.happen()
    #expect(await harness.client.nextMessage()?["id"] == 2)
    #expect(post.journal.all.first == "delivered thorough")
    _ = await harness.end()
  }

  @Test func theServerEndsAfterAllHooks() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize()
    #expect(await harness.ask(1, "tools/call", ["name": "thorough"])?["id"] == 1)
    harness.client.finish()
    #expect(await harness.client.nextLine() == nil)
    post.mayFinish.happen()
    #expect(await harness.ended == .endOfInput)
    #expect(post.journal.all == ["delivered thorough"])
  }

  @Test func repliesInABatchAreDeliveredWithTheWholeBatch() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize(.march2025)
    harness.client.send(.array([call(1, "quick", ["text": "a"]), call(2, "stubborn")]))
    await post.returned.happened(times: 2)
    #expect(await harness.ask(3, "ping")?["id"] == 3)
    #expect(post.journal.all == ["call a"])
    post.mayFinish.happen()
    #expect(Set(await harness.client.nextMessage()?.arrayValue?.map { $0["id"] } ?? []) == [1, 2])
    await post.settled.happened(times: 2)
    #expect(Set(post.journal.all) == ["call a", "delivered a", "delivered stubborn"])
    _ = await harness.end()
  }

  @Test func aCancelledReplyIsTakenOutOfItsBatch() async {
    let post = Post()
    let harness = post.harness()
    _ = await harness.initialize(.march2025)
    harness.client.send(.array([call(1, "quick", ["text": "a"]), call(2, "stubborn")]))
    await post.returned.happened(times: 2)
    harness.cancel(1)
    await post.settled.happened()
    #expect(post.journal.all == ["call a", "undelivered a"])
    post.mayFinish.happen()
    #expect(await harness.client.nextMessage()?.arrayValue?.map { $0["id"] } == [2])
    _ = await harness.end()
  }

  @Test func aCallThatComesBeforeWeKnowThatAReplyWasWrittenWaitsForItsHook() async {
    let post = Post()
    let mayReturn = Event()
    let (client, memory) = MemoryTransport.pair()
    let transport = LateTransport(memory: memory, mark: Array("\"a\"".utf8), mayReturn: mayReturn)
    let server = Server(.sample([post.quick]), logger: silent)
    let running = Task { await server.run(on: transport) }
    client.send(request(0, "initialize", ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": ["name": "t"]]))
    #expect(await client.nextMessage()?["id"] == 0)
    client.send(call(1, "quick", ["text": "a"]))
    #expect(await client.nextMessage()?["id"] == 1)
    client.send(call(2, "quick", ["text": "b"]))
    while await server.connection.calls.ticket(of: .integer(2)) == nil { await Task.yield() }
    for _ in 0..<100 { await Task.yield() }
    mayReturn.happen()
    #expect(await client.nextMessage()?["id"] == 2)
    client.finish()
    _ = await running.value
    #expect(post.journal.all == ["call a", "delivered a", "call b", "delivered b"])
  }
}

/// Learns late that the bytes with a mark were written.
private struct LateTransport: ByteTransport {
  let memory: MemoryTransport
  let mark: [UInt8]
  let mayReturn: Event

  func read() async throws -> [UInt8]? { try await memory.read() }

  func write(_ bytes: [UInt8]) async throws {
    try await memory.write(bytes)
    if bytes.contains(mark) { await mayReturn.happened() }
  }

  func close() { memory.close() }
}
