import JSON
import ProcessTesting
import SystemSupport
import Testing

@testable import MCP

/// Random damage to messages, in random pieces. `MCP_FUZZ_ITERATIONS` (200) sets the length, `MCP_FUZZ_SEED` (1) the seed.
@Suite(.timeLimit(.minutes(60))) struct FuzzTests {
  private static func setting(_ name: String, _ standard: Int) -> Int {
    Environment[name].flatMap { Int($0) } ?? standard
  }

  private static let seeds: [JSON] = [
    request(1, "ping"), request("a", "tools/list"), request(2, "tools/list", perRequest()),
    call(3, "echo", ["text": "é😀\u{2028}"], token: "t"),
    request(4, "server/discover", perRequest()), request(5, "resources/read", ["uri": "test://items/1"]),
    request(6, "subscriptions/listen", perRequest(["notifications": ["resourceSubscriptions": ["test://one"]]])),
    request(7, "prompts/get", ["name": "ask", "arguments": ["to": "x"]]), [request(8, "ping"), request(9, "tools/list")],
    ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 6]],
    request(10, "completion/complete", ["ref": ["type": "ref/prompt", "name": "ask"], "argument": ["name": "to", "value": "c"]]),
    request(11, "initialize", ["protocolVersion": "2025-03-26", "capabilities": [:], "clientInfo": ["name": "fuzz", "version": "1"]]),
    request(12, "resources/subscribe", ["uri": "test://one"]),
  ]

  @Test(arguments: 0..<400)
  func anyValueSurvivesARoundTrip(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let value = JSON.random(&random)
    let bytes = value.encoded()
    #expect(!bytes.contains(0x0A))
    #expect(try JSON(decoding: bytes).encoded() == bytes)
    #expect(try JSON(decoding: bytes) == value)
  }

  private func damaged(_ random: inout SeededGenerator) -> [UInt8] {
    if Int.random(in: 0..<10, using: &random) == 0 { return JSON.random(&random).encoded() }
    var bytes = (Self.seeds.randomElement(using: &random) ?? [:]).encoded()
    for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 20)], at: index)
      default: bytes.removeSubrange(index..<min(bytes.count, index + 10))
      }
    }
    return bytes
  }

  @Test func whateverComesTheServerWritesOnlyMessagesAndLivesOn() async throws {
    var random = SeededGenerator(seed: UInt64(Self.setting("MCP_FUZZ_SEED", 1)))
    var limits = ServerLimits()
    limits.lineBytes = 2000
    let harness = Harness(limits: limits)
    for round in 0..<Self.setting("MCP_FUZZ_ITERATIONS", 200) {
      var bytes: [UInt8] = []
      for _ in 0..<20 { bytes += damaged(&random) + [0x0A] }
      bytes += request(.string("fence-\(round)"), "tools/list", perRequest()).encoded() + [0x0A]
      while !bytes.isEmpty {
        let count = Int.random(in: 1...min(bytes.count, 300), using: &random)
        harness.client.send(bytes: Array(bytes[..<count]))
        bytes.removeFirst(count)
      }
      await harness.server.resourceUpdated("test://one")
      var isThere = false
      while !isThere {
        let line = try #require(await harness.client.nextLine())
        let messages = try JSON(decoding: line)
        for message in messages.arrayValue ?? [messages] {
          #expect(message["jsonrpc"] == "2.0")
          #expect((message["result"] != nil) || (message["error"] != nil) || (message["method"] != nil))
          if message["id"] == .string("fence-\(round)") { isThere = true }
        }
      }
    }
    _ = await harness.end()
    #expect(await harness.ended == .endOfInput)
  }
}
