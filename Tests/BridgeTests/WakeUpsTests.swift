import Bridge
import BridgeTesting
import Testing

@Suite("Hints")
struct WakeUpsTests {
  @Test func hintsThatNobodyAwaitsMerge() async {
    let wakeUps = WakeUps()
    wakeUps.post(.messages)
    wakeUps.post(.tasks)
    wakeUps.post(.messages)
    wakeUps.finish()
    var iterator = wakeUps.makeAsyncIterator()
    #expect(await iterator.next() == [.messages, .tasks])
    #expect(await iterator.next() == nil)
  }

  @Test func aWaiterIsWoken() async {
    let wakeUps = WakeUps()
    for hint in [WakeUp.messages, .tasks, .resync] {
      async let next = Hints.next(wakeUps)
      await Task.yield()
      wakeUps.post(hint)
      #expect(await next == hint)
    }
  }

  @Test func postingAndAwaitingAtTheSameTimeLosesNoHint() async {
    for _ in 1...500 {
      let wakeUps = WakeUps()
      async let posted: Void = { wakeUps.post(.messages) }()
      async let next = Hints.next(wakeUps)
      #expect(await next == .messages)
      await posted
    }
  }

  @Test func finishingEndsPresentAndLaterWaits() async {
    let wakeUps = WakeUps()
    let waiter = Task {
      for await _ in wakeUps {}
      return true
    }
    await Task.yield()
    wakeUps.finish()
    #expect(await waiter.value)
    wakeUps.post(.messages)
    var iterator = wakeUps.makeAsyncIterator()
    #expect(await iterator.next() == nil)
  }

  @Test(arguments: 1...50)
  func cancellingTheTaskEndsItsWait(round: Int) async {
    let wakeUps = WakeUps()
    let waiter = Task { () -> WakeUp? in
      var iterator = wakeUps.makeAsyncIterator()
      return await iterator.next()
    }
    if round.isMultiple(of: 2) { await Task.yield() }
    waiter.cancel()
    #expect(await waiter.value == nil)
    // Another waiter may remain.
    wakeUps.post(.tasks)
    #expect(await Hints.next(wakeUps) == .tasks)
  }
}
