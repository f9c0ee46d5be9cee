import JSON
import Testing

@testable import MCP

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
  @Test func eachRequestIsAnsweredInItsOwnEra() async {
    let harness = Harness()
    #expect(await harness.ask(1, "tools/list", perRequest())?["result"]?["resultType"] == "complete")
    #expect(await harness.ask(2, "tools/list")?["error"]?["code"] == -32600)
    #expect(await harness.ask(3, "ping")?["result"] == [:])
    #expect(await harness.initialize(.june2025)?["result"]?["protocolVersion"] == "2025-06-18")
    #expect(await harness.ask(4, "tools/list")?["result"]?.objectValue?.keys == ["tools"])
    #expect(await harness.ask(5, "ping", perRequest())?["error"]?["code"] == -32601)
    #expect(await harness.ask(6, "server/discover", perRequest())?["result"]?["supportedVersions"] == ["2026-07-28"])
    #expect(await harness.ask(7, "resources/read", ["uri": "no:such"])?["error"]?["code"] == -32002)
    let perRequestError = await harness.ask(8, "resources/read", perRequest(["uri": "no:such"]))?["error"]
    #expect(perRequestError?["code"] == -32602)
    #expect(perRequestError?["data"] == ["uri": "no:such"])
    _ = await harness.end()
  }

  @Test func claudeCodeFallsBackToTheHandshake() async {
    let harness = Harness()
    #expect(await harness.ask("server-discover-probe-1", "server/discover", perRequest(client: "claude-code"))?["error"]?["code"] == -32601)
    #expect(await harness.initialize(name: "claude-code")?["result"]?["protocolVersion"] == "2025-11-25")
    #expect(await harness.server.connection.agreement?.client == ClientInfo(name: "claude-code", version: "1"))
    _ = await harness.end()
  }

  @Test(
    arguments: [
      ("initialize", [:]), ("initialize", ["protocolVersion": 1]), ("initialize", ["protocolVersion": "2025-11-25", "capabilities": []]),
      ("initialize", ["protocolVersion": "2025-11-25", "capabilities": [:]]),
    ] as [(String, JSON)])
  func aMalformedInitializeIsRefusedAndAProperOneStillWorks(_ method: String, _ params: JSON) async {
    let harness = Harness()
    #expect(await harness.ask(1, method, params)?["error"]?["code"] == -32602)
    #expect(await harness.initialize()?["result"] != nil)
    _ = await harness.end()
  }

  @Test(
    arguments: [
      ("tools/list", ["cursor": "x"]), ("resources/list", ["cursor": 42]), ("resources/templates/list", ["cursor": [:]]),
      ("prompts/list", ["cursor": ""]),
      ("resources/read", [:]), ("resources/read", ["uri": 7]), ("prompts/get", ["name": "none"]), ("prompts/get", [:]),
      ("prompts/get", ["name": "ask"]), ("prompts/get", ["name": "ask", "arguments": ["to": 7]]),
      ("prompts/get", ["name": "ask", "arguments": ["to": "a", "more": "b"]]), ("prompts/get", ["name": "ask", "arguments": []]),
      ("completion/complete", [:]),
      ("completion/complete", ["ref": ["type": "ref/prompt", "name": "none"], "argument": ["name": "to", "value": ""]]),
      ("completion/complete", ["ref": ["type": "ref/prompt", "name": "ask"], "argument": ["name": "none", "value": ""]]),
      ("completion/complete", ["ref": ["type": "ref/prompt", "name": "ask"], "argument": ["name": "to"]]),
      ("completion/complete", ["ref": ["type": "ref/resource", "uri": "test://items/{id}"], "argument": ["name": "none", "value": ""]]),
      ("completion/complete", ["ref": ["type": "ref/nothing"], "argument": ["name": "to", "value": ""]]),
      ("resources/subscribe", [:]), ("resources/unsubscribe", [:]),
    ] as [(String, JSON)])
  func parametersThatDoNotFitAreRefused(_ method: String, _ params: JSON) async {
    let harness = Harness()
    _ = await harness.initialize()
    #expect(await harness.ask(1, method, params)?["error"]?["code"] == -32602)
    _ = await harness.end()
  }

  @Test func promptsSayWhichArgumentIsWrong() async {
    let harness = Harness()
    _ = await harness.initialize()
    let error = await harness.ask(1, "prompts/get", ["name": "ask", "arguments": ["what": "x"]])?["error"]?["message"]
    #expect(error == "The argument `to` of the prompt ask is missing: pass a string.")
    let reply = await harness.ask(2, "prompts/get", ["name": "ask", "arguments": ["to": "you"]])?["result"]
    let expected: JSON = ["messages": [["role": "user", "content": ["type": "text", "text": "test asks you nothing"]]]]
    #expect(reply == expected)
    _ = await harness.end()
  }

  @Test(
    arguments: [
      ("test://one", ["uri": "test://one", "mimeType": "text/plain", "text": "1"]),
      ("test://items/a%20b", ["uri": "test://items/a%20b", "text": "a b"]),
    ] as [(String, JSON)])
  func resourcesAreRead(_ uri: String, _ contents: JSON) async {
    let harness = Harness()
    _ = await harness.initialize()
    #expect(await harness.ask(1, "resources/read", ["uri": .string(uri)])?["result"] == ["contents": [contents]])
    _ = await harness.end()
  }

  @Test(arguments: [("test://items/gone", -32002), ("test://items/a/b", -32002), ("test://broken", -32603)] as [(String, JSON)])
  func resourcesThatCannotBeReadAreErrors(_ uri: String, _ code: JSON) async {
    let harness = Harness()
    _ = await harness.initialize()
    #expect(await harness.ask(1, "resources/read", ["uri": .string(uri)])?["error"]?["code"] == code)
    _ = await harness.end()
  }

  @Test func completionAsksTheProvider() async {
    let harness = Harness()
    _ = await harness.initialize()
    func complete(_ ref: JSON, _ name: JSON, _ value: JSON) async -> JSON? {
      let params: JSON = ["ref": ref, "argument": ["name": name, "value": value], "context": ["arguments": ["what": "w"]]]
      return await harness.ask(1, "completion/complete", params)?["result"]?["completion"]
    }
    let prompt: JSON = ["type": "ref/prompt", "name": "ask"]
    #expect(await complete(prompt, "to", "c") == ["values": ["c1", "w"], "total": 2, "hasMore": false])
    #expect(await complete(prompt, "what", "c") == ["values": [], "total": 0, "hasMore": false])
    #expect(await complete(prompt, "to", "many")?["hasMore"] == true)
    #expect(await complete(["type": "ref/resource", "uri": "test://items/{id}"], "id", "7")?["values"] == ["7x"])
    _ = await harness.end()
  }

  @Test func whatIsNotOfferedIsUnknown() async {
    let harness = Harness(ServerDefinition(name: "bare", version: "1"))
    let result = await harness.initialize()?["result"]
    #expect(result?["capabilities"] == [:])
    for method in ["tools/list", "resources/list", "prompts/list", "completion/complete", "resources/subscribe", "logging/setLevel"] {
      #expect(await harness.ask(1, method)?["error"]?["code"] == -32601)
    }
    _ = await harness.end()
  }

  @Test(arguments: ["{", "nonsense", "[1", "\"\\ud8\"", "{\"a\":1,\"a\":2}"])
  func whatIsNotJSONIsAParseErrorWithoutAnId(_ line: String) async {
    let harness = Harness()
    harness.client.send(line)
    let message = await harness.client.nextMessage()
    #expect(message?["error"]?["code"] == -32700)
    #expect(message?["id"] == nil)
    #expect(await harness.ask(1, "ping")?["result"] == [:])
    _ = await harness.end()
  }

  @Test func aLineOverTheLimitIsAnErrorAndTheServerLivesOn() async {
    var limits = ServerLimits()
    limits.lineBytes = 1000
    let harness = Harness(limits: limits)
    harness.client.send(String(repeating: "x", count: 1001))
    #expect(await harness.client.nextMessage()?["error"]?["code"] == -32600)
    #expect(await harness.ask(1, "ping")?["result"] == [:])
    _ = await harness.end()
  }

  @Test func aLastLineWithoutItsEndIsServedAndHalfOfOneIsNot() async {
    let whole = Harness()
    whole.client.send(bytes: request(1, "ping").encoded())
    #expect(await whole.end().map { $0["id"] } == [1])
    let half = Harness()
    half.client.send(bytes: Array("{\"jsonrpc\":\"2.0\",\"id\":1".utf8))
    #expect(await half.end() == [])
  }

  @Test func notificationsAndResponsesAreNeverAnswered() async {
    let harness = Harness()
    for method in ["tools/list", "no/such", "notifications/cancelled", "ping"] {
      harness.client.send(["jsonrpc": "2.0", "method": .string(method)])
    }
    harness.client.send(["jsonrpc": "2.0", "id": 9, "result": [:]])
    #expect(await harness.end() == [])
  }

  @Test func aBatchIsAnsweredWithOneArray() async throws {
    let harness = Harness()
    _ = await harness.initialize(.march2025)
    let entries: JSON = [
      request(1, "ping"), ["jsonrpc": "2.0", "method": "x"], 1, request("b", "no/such"), request(2, "initialize"), [],
      request(3, "tools/list", perRequest()),
    ]
    harness.client.send(entries)
    let answers = try #require(await harness.client.nextMessage()?.arrayValue)
    #expect(answers.map { $0["id"] } == [1, nil, "b", 2, nil, 3])
    #expect(answers.map { $0["error"]?["code"] } == [nil, -32600, -32601, -32600, -32600, -32600])
    harness.client.send([["jsonrpc": "2.0", "method": "x"]])
    harness.client.send([])
    #expect(await harness.client.nextMessage()?["error"]?["code"] == -32600)
    #expect(await harness.end() == [])
  }

  @Test(arguments: [Revision.november2024, .june2025, .november2025])
  func otherRevisionsHaveNoBatches(_ revision: Revision) async {
    let harness = Harness()
    _ = await harness.initialize(revision)
    harness.client.send([request(1, "ping"), request(2, "ping")])
    #expect(await harness.client.nextMessage()?["error"]?["code"] == -32600)
    #expect(await harness.end() == [])
  }

  @Test func aClientThatDoesNotReadIsNotReadEither() async {
    var limits = ServerLimits()
    limits.queuedOutputBytes = 20_000
    let harness = Harness(limits: limits)
    _ = await harness.initialize()
    harness.client.pauseReading()
    let text = JSON.string(String(repeating: "x", count: 1000))
    for id in 0..<1000 { harness.client.send(call(.integer(Int64(id)), "echo", ["text": text])) }
    await harness.client.serverIsBlocked()
    harness.client.resumeReading()
    var ids: Set<JSON> = []
    for _ in 0..<1000 { ids.insert(await harness.client.nextMessage()?["id"] ?? nil) }
    #expect(ids.count == 1000)
    _ = await harness.end()
  }
}
