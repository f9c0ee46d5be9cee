import Testing

@testable import PostgresClient

@Suite struct ListenerLifecycleTests {
  private let lost = PostgresError(.connectionLost, "gone")

  @Test func listensThenProvesThenAsksWhetherItLives() {
    var life = ListenerLifecycle(ListenerConfiguration())
    #expect(life.handle(.connected, random: 0) == .listen)
    #expect(life.handle(.listened, random: 0) == .selfTest(announcing: true))
    #expect(!life.state.isDelivering)
    #expect(life.handle(.tested(.delivered), random: 0) == .checkLivenessAfter(.seconds(10)))
    #expect(life.state.isDelivering)
    #expect(life.handle(.alive, random: 0) == .checkLivenessAfter(.seconds(10)))
  }

  @Test func reconnectsForEverWithGrowingJitterUntilProvenAlive() {
    var life = ListenerLifecycle(ListenerConfiguration())
    #expect(life.handle(.lost(lost), random: 1) == .reconnectAfter(.milliseconds(100)))
    #expect(life.handle(.lost(lost), random: 1) == .reconnectAfter(.milliseconds(200)))
    for _ in 0..<50 { _ = life.handle(.lost(lost), random: 1) }
    #expect(life.handle(.lost(lost), random: 1) == .reconnectAfter(.seconds(30)))
    _ = life.handle(.connected, random: 0)
    _ = life.handle(.listened, random: 0)
    _ = life.handle(.tested(.delivered), random: 0)
    #expect(life.handle(.lost(lost), random: 1) == .reconnectAfter(.seconds(30)))
    _ = life.handle(.alive, random: 0)
    #expect(life.handle(.lost(lost), random: 1) == .reconnectAfter(.milliseconds(100)))
    if case .disconnected(let error) = life.state { #expect(error.code == .connectionLost) } else { Issue.record("\(life.state)") }
  }

  @Test func aFailedProofIsRepeatedEachMinute() {
    var life = ListenerLifecycle(ListenerConfiguration())
    _ = life.handle(.tested(.failed(.notDelivered(poolerDetected: true))), random: 0)
    for _ in 0..<5 { #expect(life.handle(.alive, random: 0) == .checkLivenessAfter(.seconds(10))) }
    #expect(life.handle(.alive, random: 0) == .selfTest(announcing: false))
    _ = life.handle(.tested(.delivered), random: 0)
    #expect(life.state.isDelivering)
  }

  @Test func equalHintsAreOneAndTooManyAreAnOverflow() {
    func hint(_ payload: String) -> ListenerEvent { .notification(.init(channel: "c", payload: payload, processID: 1)) }
    var buffer = EventBuffer(capacity: 3)
    buffer.add(hint("a"))
    buffer.add(hint("a"))
    buffer.add(hint("b"))
    if case .notification(let first)? = buffer.takeFirst() { #expect(first.payload == "a") } else { Issue.record("no event") }
    buffer.add(hint("a"))
    if case .notification(let second)? = buffer.takeFirst() { #expect(second.payload == "b") } else { Issue.record("no event") }
    buffer.add(.stateChanged(.listening))
    for payload in ["1", "2", "3"] { buffer.add(hint(payload)) }
    var rest: [String] = []
    while let event = buffer.takeFirst() { rest.append("\(event)".prefix(14).description) }
    #expect(rest.first == "overflowed")
  }
}
