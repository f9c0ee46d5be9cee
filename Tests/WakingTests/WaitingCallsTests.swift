import Testing

@testable import Bridge

/// What a waiting call will return needs no announcement.
@Suite struct WaitingCallsTests {
  @Test(
    arguments: [
      // Waits for a sender, for tasks; would return a message of cowork, of other, a task.
      (nil, true, true, true, true), (nil, false, true, true, false), ("cowork", false, true, false, false),
    ] as [(String?, Bool, Bool, Bool, Bool)])
  func aCallReturnsWhatItWaitsFor(sender: String?, tasks: Bool, cowork: Bool, other: Bool, task: Bool) async {
    let waits = WaitingCalls()
    let hints = waits.changes()
    await waits.during(.init(sender: sender, includesTasks: tasks)) {
      #expect(waits.willReturn(messageFrom: "cowork") == cowork)
      #expect(waits.willReturn(messageFrom: "other") == other)
      #expect(waits.willReturn(messageFrom: .some(nil)) == (sender == nil))
      #expect(waits.willReturn(messageFrom: nil) == task)
    }
    #expect(!waits.willReturn(messageFrom: "cowork"))
    // Its end is a reason to look again.
    var iterator = hints.makeAsyncIterator()
    #expect(await iterator.next() != nil)
  }
}
