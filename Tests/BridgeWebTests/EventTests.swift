import Testing

@testable import BridgeWeb

@Suite struct EventRingTests {
  private func filled(_ count: Int, keeping limit: Int = 5, bytes: Int = .max) -> EventRing {
    var ring = EventRing(epoch: "e", count: limit, bytes: bytes)
    for number in 0..<count { ring.append("entries", data: Array("[\(number + 1)]".utf8)) }
    return ring
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test(arguments: [
    ("e-0", nil), ("e-4", nil), ("e-5", 5), ("e-7", 7), ("e-10", 10), ("e-11", nil), ("f-7", nil), ("e-", nil), ("7", nil), ("", nil),
    ("e-+7", nil), ("e-07", nil), ("e--7", nil), ("x-e-7", nil), ("e-99999999999999999999", nil),
  ])
  func aClientGoesOnBehindWhatItHasSeen(_ id: String, _ number: Int?) {
    #expect(filled(10).number(ofLast: id) == number)
  }

  @Test func anEmptyRingKnowsItsBeginning() {
    let ring = filled(0)
    #expect(ring.end == 0 && ring.number(ofLast: "e-0") == 0 && ring.number(ofLast: "e-1") == nil)
    #expect(ring.events(after: 0, fitting: 100).bytes.isEmpty)
  }

  @Test func eventsComeInOrderAndAreBounded() {
    let ring = filled(10)
    let one = "id: e-9\nevent: entries\ndata: [9]\n\n"
    #expect(text(ring.events(after: 8, fitting: one.count).bytes) == one)
    #expect(ring.events(after: 8, fitting: one.count).last == 9)
    // One that is too large comes alone.
    #expect(ring.events(after: 8, fitting: 1).last == 9)
    #expect(text(ring.events(after: 8, fitting: .max).bytes) == one + "id: e-10\nevent: entries\ndata: [10]\n\n")
    #expect(ring.events(after: 10, fitting: .max).bytes.isEmpty)
  }

  @Test func theOldestLeaveByCountAndByBytes() {
    #expect(!filled(10).knows(4) && filled(10).knows(5))
    let size = ServerSentEvent.text("entries", id: "e-1", data: Array("[1]".utf8)).count
    let ring = filled(9, keeping: 100, bytes: 3 * size)
    #expect(ring.knows(6) && !ring.knows(5) && ring.end == 9)
    // The newest is kept, however large it is.
    #expect(filled(9, keeping: 100, bytes: 1).knows(8))
  }
}
