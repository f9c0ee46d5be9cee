import JSON
import Synchronization
import Testing

@testable import MCP

@Suite(.timeLimit(.minutes(1))) struct SubscriptionTests {
  private func listen(_ id: JSON, _ filter: JSON) -> JSON {
    request(id, "subscriptions/listen", perRequest(["notifications": filter]))
  }

  private func meta(_ message: JSON?) -> JSON? {
    message?["params"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"]
  }

  @Test func theHandshakeEraIsToldOfWhatItSubscribedTo() async {
    let harness = Harness()
    _ = await harness.initialize()
    #expect(await harness.ask(1, "resources/subscribe", ["uri": "test://one"])?["result"] == [:])
    #expect(await harness.ask(2, "resources/subscribe", ["uri": "test://items/7"])?["result"] == [:])
    #expect(await harness.ask(3, "resources/subscribe", ["uri": "test://none"])?["error"]?["code"] == -32002)
    #expect(await harness.server.connection.subscriptions.uris == ["test://one", "test://items/7"])
    await harness.server.resourceUpdated("test://bytes")
    await harness.server.resourceUpdated("test://one")
    #expect(
      await harness.client.nextMessage() == [
        "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": ["uri": "test://one"],
      ])
    #expect(await harness.ask(4, "resources/unsubscribe", ["uri": "test://one"])?["result"] == [:])
    await harness.server.resourceUpdated("test://one")
    #expect(await harness.end() == [])
  }

  @Test(
    arguments: [
      ([:], [:]), (["toolsListChanged": true], [:]), (["resourceSubscriptions": []], ["resourceSubscriptions": []]),
      (
        ["resourceSubscriptions": ["test://one", "test://none", "test://items/1", "test://one"], "promptsListChanged": false],
        ["resourceSubscriptions": ["test://one", "test://items/1"]]
      ),
    ] as [(JSON, JSON)])
  func listenIsAcknowledgedWithWhatIsHonoured(_ filter: JSON, _ honoured: JSON) async {
    let harness = Harness()
    harness.client.send(listen("7", filter))
    let frame = await harness.client.nextMessage()
    #expect(frame?["method"] == "notifications/subscriptions/acknowledged")
    #expect(frame?["params"]?["notifications"] == honoured)
    #expect(meta(frame) == "7")
    _ = await harness.end()
  }

  @Test(
    arguments: [
      nil, [], "tools", ["toolsListChanged": "yes"], ["resourceSubscriptions": "x:y"], ["resourceSubscriptions": [1]],
    ] as [JSON])
  func filtersThatDoNotFitAreRefused(_ filter: JSON) async {
    let harness = Harness()
    harness.client.send(listen(1, filter))
    #expect(await harness.client.nextMessage()?["error"]?["code"] == -32602)
    _ = await harness.end()
  }

  @Test func framesCarryTheIdOfTheirSubscriptionWithItsType() async {
    let harness = Harness()
    for id in [5, "5"] as [JSON] {
      harness.client.send(listen(id, ["resourceSubscriptions": ["test://one"]]))
      #expect(meta(await harness.client.nextMessage()) == id)
    }
    await harness.server.resourceUpdated("test://one")
    #expect(meta(await harness.client.nextMessage()) == 5)
    #expect(meta(await harness.client.nextMessage()) == "5")
    harness.cancel(5)
    #expect(await harness.ask(1, "tools/list", perRequest())?["id"] == 1)
    await harness.server.resourceUpdated("test://one")
    let update = await harness.client.nextMessage()
    #expect(meta(update) == "5")
    #expect(update?["params"]?["uri"] == "test://one")
    let last = await harness.end()
    #expect(last.map { $0["id"] } == ["5"])
    #expect(last.first?["result"]?["_meta"]?["io.modelcontextprotocol/subscriptionId"] == "5")
    #expect(last.first?["result"]?["resultType"] == "complete")
  }

  @Test func aCancelledSubscriptionIsSilentEvenWhereFramesAreQueued() async {
    let harness = Harness()
    harness.client.send(listen(1, ["resourceSubscriptions": ["test://one"]]))
    _ = await harness.client.nextMessage()
    harness.client.pauseReading()
    harness.client.send(request(2, "tools/list", perRequest()))
    await harness.client.serverIsBlocked()
    await harness.server.resourceUpdated("test://one")
    harness.cancel(1)
    harness.client.send(request(3, "tools/list", perRequest()))
    harness.client.resumeReading()
    #expect(await harness.end().map { $0["id"] } == [2, 3])
  }

  @Test func updatesCoalesceWhileTheClientDoesNotRead() async {
    let harness = Harness()
    harness.client.send(listen(1, ["resourceSubscriptions": ["test://one"]]))
    _ = await harness.client.nextMessage()
    harness.client.pauseReading()
    harness.client.send(request(2, "tools/list", perRequest()))
    await harness.client.serverIsBlocked()
    for _ in 0..<1000 { await harness.server.resourceUpdated("test://one") }
    harness.client.resumeReading()
    #expect(await harness.end().count == 3)
  }

  @Test func theOwnerIsToldBeforeTheAcknowledgement() async {
    let told = Mutex<[Set<String>]>([])
    let asked = Event()
    let mayGoOn = Event()
    let harness = Harness(
      .sample([]) { uris in
        told.withLock { $0.append(uris) }
        asked.happen()
        await mayGoOn.happened()
      })
    harness.client.send(listen(1, ["resourceSubscriptions": ["test://one"]]))
    await asked.happened()
    await harness.server.resourceUpdated("test://one")
    #expect(await harness.ask(2, "tools/list", perRequest())?["id"] == 2)
    mayGoOn.happen()
    #expect(await harness.client.nextMessage()?["method"] == "notifications/subscriptions/acknowledged")
    #expect(await harness.client.nextMessage()?["method"] == "notifications/resources/updated")
    harness.cancel(1)
    await asked.happened(times: 2)
    _ = await harness.end()
    #expect(told.withLock { $0 } == [["test://one"], []])
  }

  @Test func customNotificationsAreForTheHandshakeEraOnly() async {
    let harness = Harness()
    #expect(await harness.server.notify("notifications/x", ["a": 1]) == false)
    #expect(await harness.ask(1, "tools/list", perRequest())?["id"] == 1)
    #expect(await harness.server.notify("notifications/x") == false)
    _ = await harness.initialize()
    #expect(await harness.server.notify("notifications/x", ["a": 1]))
    #expect(await harness.client.nextMessage() == ["jsonrpc": "2.0", "method": "notifications/x", "params": ["a": 1]])
    _ = await harness.end()
    #expect(await harness.server.notify("notifications/x") == false)
  }
}
