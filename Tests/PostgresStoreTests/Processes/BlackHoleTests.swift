import JSON
import MCP
import PostgresTesting
import Testing

@Suite("The real program on a network that swallows everything, and one where nothing happens", .timeLimit(.minutes(5)))
struct BlackHoleTests {
  #if os(Linux)
    /// Its heartbeat, its look for what no notification told, and the question whether the connection lives, come together each 10 s.
    @Test func anIdleServerSleeps() async throws {
      let code = try await ServerChild.start("code", url: try await Servers.database().url)
      _ = try await code.call("list_agents")
      #expect(try await code.longestSleep(during: .seconds(30)) > .seconds(5))
    }
  #endif

  /// With the documented times. It mostly waits, so it runs beside others.
  @Test func twentySecondsLoseAndDoubleNothingAndTheAgentWakes() async throws {
    let database = try await Servers.database()
    let proxy = try FaultProxy(to: database.cluster.port)
    let code = try await ServerChild.start("code", url: database.url(port: proxy.port))
    let cowork = try await ServerChild.start("cowork", url: database.url)
    async let before = code.call("wait_for_updates", ["timeout_seconds": 55])
    var sent = [try await cowork.mustSend("before")]
    var received = try await before.received
    async let waiting = code.call("wait_for_updates", ["timeout_seconds": 55])
    // Answered during the wait, which has begun by then.
    #expect(try await !code.call("list_agents").isError)

    await proxy.blackHole()
    let began = ContinuousClock.now
    async let refused = code.call("send_message", Self.outOfTheDark)
    var heard: [String] = []
    while ContinuousClock.now - began < .seconds(20) {
      sent.append(try await cowork.mustSend("dark \(sent.count)"))
      // Takes a second.
      heard += try await cowork.call("read_messages", ["wait_seconds": 1]).messages
    }
    #expect(heard.isEmpty)
    let error = try await refused
    #expect(error.isError && error.text.contains("127.0.0.1:\(proxy.port)"), "\(error.text)")

    await proxy.heal()
    let healed = ContinuousClock.now
    received += try await waiting.received
    let woken = ContinuousClock.now - healed
    #expect(woken < .seconds(15))
    while Set(received.map(\.content)).count < sent.count {
      received += try await code.call("wait_for_updates", ["timeout_seconds": 55]).received
    }
    // What could not be sent is sent again with its key, and arrives once.
    #expect(try await !code.call("send_message", Self.outOfTheDark).isError)
    heard += try await cowork.call("read_messages", ["wait_seconds": 15]).messages
    #expect(try await cowork.call("read_messages").messages.isEmpty)
    #expect(heard == ["out of the dark"])
    // Wake-ups work again.
    async let light = code.call("wait_for_updates", ["timeout_seconds": 55])
    let lit = ContinuousClock.now
    sent.append(try await cowork.mustSend("light"))
    received += try await light.received
    #expect(ContinuousClock.now - lit < .seconds(15))

    #expect(Set(received.map(\.content)) == Set(sent))
    let once = received.filter { !$0.redelivered }.map(\.content)
    #expect(Set(once).count == once.count)
    print("black hole of 20 s: \(sent.count) sent, \(received.count - sent.count) came again, woken \(woken) after healing")
    for child in [code, cowork] {
      #expect(child.isRunning)
      try await child.stop()
    }
    await proxy.close()
  }

  private static let outOfTheDark: JSONObject = ["to": "cowork", "content": "out of the dark", "idempotency_key": "dark"]
}
