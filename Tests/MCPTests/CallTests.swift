import JSON
import Testing

@testable import MCP

/// Tools that run until they are cancelled or released.
private struct Waiting: Sendable {
  let started = Event()
  let cancelled = Event()
  let released = Event()

  var tools: [Tool] {
    [
      Tool("hold", description: "d", returns: Text.self) { _ in
        started.happen()
        do {
          try await Task.sleep(for: .seconds(3600))
        } catch {
          cancelled.happen()
          throw error
        }
        return ToolReply(Text(text: "slept"))
      },
      Tool("report", description: "d", returns: Text.self) { call in
        await call.progress(1, total: 4, message: "one")
        await call.progress(1)
        await call.progress(0.5)
        await call.progress(2)
        started.happen()
        await released.happened()
        await call.progress(3)
        return ToolReply(Text(text: "done"))
      },
      Tool("fail", description: "d", parameters: Parameter.boolean("kindly", "How."), returns: Text.self) { _, kindly in
        if kindly { throw ToolFailure("The thing is gone: make another.") }
        throw TransportClosed()
      },
    ]
  }
}

@Suite(.timeLimit(.minutes(1))) struct CallTests {
  private func harness(_ waiting: Waiting, _ limits: ServerLimits = ServerLimits()) -> Harness {
    Harness(.sample(waiting.tools), limits: limits)
  }

  @Test func aCancelledCallIsSilentAndItsHandlerLearnsOfIt() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    harness.client.send(call(1, "hold", token: "t"))
    await waiting.started.happened()
    harness.cancel(1)
    await waiting.cancelled.happened()
    #expect(await harness.ask(2, "ping")?["id"] == 2)
    #expect(await harness.end() == [])
  }

  @Test func aCancellationNamesTheIdWithItsType() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    harness.client.send(call(5, "hold"))
    await waiting.started.happened()
    harness.cancel("5")
    harness.cancel(nil)
    #expect(await harness.ask(2, "ping")?["id"] == 2)
    #expect(waiting.cancelled.count == 0)
    harness.cancel(5.0)
    await waiting.cancelled.happened()
    #expect(await harness.end() == [])
  }

  @Test func anIdMayComeAgainOnlyWhenItsRequestHasEnded() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    harness.client.send(call(1, "hold"))
    await waiting.started.happened()
    #expect(await harness.ask(1, "ping")?["error"]?["code"] == -32600)
    harness.cancel(1)
    #expect(await harness.ask(1, "ping")?["result"] == [:])
    _ = await harness.end()
  }

  @Test func aWaitingCallHoldsUpNoOther() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    for id in 0..<20 { harness.client.send(call(.integer(Int64(id)), "hold")) }
    await waiting.started.happened(times: 20)
    #expect(await harness.ask("x", "tools/call", ["name": "echo", "arguments": ["text": "hi"]])?["id"] == "x")
    _ = await harness.end()
  }

  @Test func callsBeyondTheLimitWaitAndCanBeCancelled() async {
    let waiting = Waiting()
    var limits = ServerLimits()
    limits.concurrentCalls = 1
    let harness = harness(waiting, limits)
    _ = await harness.initialize()
    harness.client.send(call(1, "hold"))
    harness.client.send(call(2, "hold"))
    harness.client.send(call(3, "echo", ["text": "third"]))
    await waiting.started.happened()
    #expect(await harness.ask(4, "ping")?["id"] == 4)
    harness.cancel(2)
    harness.cancel(1)
    #expect(await harness.client.nextMessage()?["id"] == 3)
    #expect(waiting.started.count == 1)
    _ = await harness.end()
  }

  @Test func endOfInputAnswersWhatIsQuickAndCancelsTheRest() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    harness.client.send(call(1, "hold"))
    await waiting.started.happened()
    harness.client.send(call(2, "echo", ["text": "quick"]))
    #expect(await harness.end().map { $0["id"] } == [2])
    #expect(waiting.cancelled.count == 1)
    #expect(await harness.ended == .endOfInput)
  }

  @Test func shutdownCancelsCallsAndEnds() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    harness.client.send(call(1, "hold"))
    await waiting.started.happened()
    await harness.server.shutdown()
    await waiting.cancelled.happened()
    #expect(await harness.ended == .shutdown)
    #expect(await harness.client.nextLine() == nil)
  }

  @Test func cancellingTheTaskThatRunsTheServerEndsIt() async {
    let (client, transport) = MemoryTransport.pair()
    let server = Server(.sample, logger: silent)
    let task = Task { await server.run(on: transport) }
    client.send(request(1, "ping"))
    #expect(await client.nextMessage()?["id"] == 1)
    task.cancel()
    #expect(await task.value == .shutdown)
  }

  @Test(arguments: [(Revision.november2024, nil), (.march2025, "one"), (.november2025, "one")] as [(Revision, String?)])
  func progressRisesAndKnowsItsRevision(_ revision: Revision, _ message: String?) async {
    var first: JSONObject = ["progressToken": "t", "progress": 1.0, "total": 4.0]
    first["message"] = message.map { .string($0) }
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize(revision)
    harness.client.send(call(1, "report", token: "t"))
    #expect(await harness.client.nextMessage()?["params"] == .object(first))
    #expect(await harness.client.nextMessage()?["params"]?["progress"] == 2.0)
    waiting.released.happen()
    #expect(await harness.client.nextMessage()?["params"]?["progress"] == 3.0)
    #expect(await harness.client.nextMessage()?["id"] == 1)
    #expect(await harness.end() == [])
  }

  @Test func thereIsNoProgressWithoutATokenNorAfterACancellation() async {
    let waiting = Waiting()
    let harness = harness(waiting)
    _ = await harness.initialize()
    harness.client.send(call(1, "report"))
    await waiting.started.happened()
    harness.client.send(call(2, "report", token: 7))
    #expect(await harness.client.nextMessage()?["params"]?["progressToken"] == 7)
    #expect(await harness.client.nextMessage()?["params"]?["progress"] == 2.0)
    await waiting.started.happened(times: 2)
    harness.cancel(2)
    #expect(await harness.ask(3, "ping")?["id"] == 3)
    waiting.released.happen()
    #expect(await harness.end().map { $0["id"] } == [1])
  }

  @Test(arguments: [
    (true, "The thing is gone: make another."), (false, "fail failed by a fault of the server, which its log describes: try again later."),
  ])
  func failuresOfAToolAreResults(_ kindly: Bool, _ text: String) async {
    let harness = harness(Waiting())
    _ = await harness.initialize()
    let params: JSON = ["name": "fail", "arguments": ["kindly": .bool(kindly)]]
    let answer = await harness.ask(1, "tools/call", params)
    let expected: JSON = ["content": [["type": "text", "text": .string(text)]], "isError": true]
    #expect(answer?["result"] == expected)
    _ = await harness.end()
  }

  @Test(
    arguments: [
      (["name": "none"], -32602), ([:], -32602), (["name": 7], -32602), (["name": "echo", "arguments": []], -32602),
      (["name": "echo", "arguments": "{}"], -32602),
    ] as [(JSON, JSON)])
  func malformedCallsAreProtocolErrors(_ params: JSON, _ code: JSON) async {
    let harness = harness(Waiting())
    _ = await harness.initialize()
    #expect(await harness.ask(1, "tools/call", params)?["error"]?["code"] == code)
    #expect(await harness.ask(2, "tools/call", ["name": "echo"])?["result"]?["isError"] == true)
    _ = await harness.end()
  }
}
