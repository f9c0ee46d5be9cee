import Foundation
import JSON
import PostgresTesting
import ProcessTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct WebEventTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  /// The ids of the events in a text.
  private func ids(_ text: String) -> [String] { text.matches(of: /id: (\S+)/).map { String($0.1) } }

  @Test func whatHappensIsTold() async throws {
    let web = try await WebProcess.start(sandbox)
    let tab = try await web.events()
    let first = try await tab.text(to: "\n\n")
    #expect(first.contains("Content-Type: text/event-stream"))
    _ = try await (first.contains("event: state") ? first : tab.text(to: "event: state"))
    _ = try await sandbox.run("send", "cowork", "one\ntwo")
    let message = try await tab.text(to: "entries")
    #expect(message.contains(#""content":"one\ntwo""#) && message.contains(#""type":"message""#))
    _ = try await sandbox.run("tasks", "create", "cowork", "Look at it")
    #expect(try await tab.text(to: "Look at it").contains(#""to":"pending""#))
    // The counts have changed.
    _ = try await tab.text(to: #""open_tasks":1,"stale_tasks":0"#)
  }

  @Test func aClientGoesOnWhereItWas() async throws {
    let web = try await WebProcess.start(sandbox)
    let tab = try await web.events()
    var text = try await tab.text(to: "event: state")
    _ = try await sandbox.run("send", "cowork", "seen")
    text += try await tab.text(to: #""content":"seen""#)
    let seen = try #require(ids(text).last)
    _ = try await sandbox.run("send", "cowork", "missed")
    let next = try await web.events(after: seen)
    let missed = try await next.text(to: "event: state")
    #expect(missed.contains(#""content":"missed""#) && !missed.contains(#""content":"seen""#) && !missed.contains("event: reset"))
    for id in ["0-1", "x", seen + "0"] {
      let stranger = try await web.events(after: id)
      #expect(try await stranger.text(to: "event: state").contains("event: reset"), "\(id)")
    }
  }

  /// An empty store in its place would take messages that nobody finds once the right one is back.
  @Test func aStoreThatWasTakenAwayIsToldAndNotMadeAnew() async throws {
    let web = try await WebProcess.start(sandbox)
    let tab = try await web.events()
    _ = try await tab.text(to: "event: state")
    let folder = sandbox.home + "/.cowork-code-mcp"
    try FileManager.default.moveItem(atPath: folder, toPath: folder + "-elsewhere")
    _ = try await tab.text(to: #"data: {"up":false"#)
    let sent = try await web.post("/api/messages", ["to": "code", "content": "lost?", "key": "k"])
    #expect(sent.status == 503 && sent.json["error"]?["message"]?.stringValue?.contains("taken away") == true)
    #expect(!FileManager.default.fileExists(atPath: folder + "/messages.db"))
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.moveItem(atPath: folder + "-elsewhere", toPath: folder)
    _ = try await tab.text(to: #"data: {"up":true}"#)
    #expect(try await web.post("/api/messages", ["to": "code", "content": "kept", "key": "k"]).status == 200)
    _ = try await tab.text(to: #""content":"kept""#)
  }

  @Test func aStoreThatIsAwayIsToldAndNothingIsMissed() async throws {
    let cluster = try await PostgresCluster.shared()
    let database = try await cluster.createDatabase()
    let proxy = try FaultProxy(to: cluster.port)
    let web = try await WebProcess.start(sandbox, environment: ["COWORK_DATABASE_URL": database.url(port: proxy.port)])
    let tab = try await web.events()
    _ = try await tab.text(to: "event: state")
    await proxy.refuse()
    _ = try await tab.text(to: #"event: store"# + "\n" + #"data: {"up":false"#)
    let away = try await web.request("GET /api/state")
    #expect(away.status == 503 && away.body.contains("store_unavailable"))
    let metrics = try await web.request("GET /metrics")
    #expect(metrics.status == 200 && metrics.body.hasSuffix("cowork_bridge_store_up 0\n"))
    _ = try await sandbox.run("send", "cowork", "meanwhile", environment: ["COWORK_DATABASE_URL": database.url])
    await proxy.heal()
    var text = ""
    while !text.contains(#"data: {"up":true}"#) || !text.contains(#""content":"meanwhile""#) { text += try await tab.text(to: "\n\n") }
    #expect(!text.contains("event: reset"))
    _ = try await web.program.end(by: SIGINT)
    await proxy.close()
  }
}
