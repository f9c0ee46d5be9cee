import Synchronization
import SystemSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct WaitingTests {
  @Test func aWakeUpEndsAWaitAndIsDrainedAsOne() throws {
    let pipe = try WakePipe()
    var set = PollSet()
    set.add(pipe.descriptor)
    let isQuiet = !set.wait(for: .zero)
    #expect(isQuiet)
    for _ in 0..<1000 { pipe.wake() }
    let isWoken = set.wait(for: nil)
    #expect(isWoken && set.isReady(0) && set.events(0) == .readable)
    pipe.drain()
    let isDrained = !set.wait(for: .zero)
    #expect(isDrained && !set.isReady(0))
  }

  @Test func aFullWakePipeStillWakes() throws {
    let pipe = try WakePipe()
    for _ in 0..<100_000 { pipe.wake() }
    var set = PollSet()
    set.add(pipe.descriptor)
    let isWoken = set.wait(for: nil)
    #expect(isWoken)
  }

  @Test func onlyReadyEntriesAreReady() throws {
    let (quiet, loud) = (try WakePipe(), try WakePipe())
    loud.wake()
    var set = PollSet()
    set.add(quiet.descriptor)
    set.add(nil)
    set.add(loud.descriptor)
    let isAny = set.wait(for: .seconds(10))
    #expect(isAny)
    #expect([0, 1, 2].map { set.isReady($0) } == [false, false, true])
  }

  @Test func aTimeoutLastsAtLeastAsLongAsAskedFor() {
    var set = PollSet()
    let start = ContinuousClock.now
    let isAny = set.wait(for: .microseconds(1300))
    #expect(!isAny && start.duration(to: .now) >= .microseconds(1300))
  }

  @Test func aBrokenPipeIsReadableAndReady() throws {
    let (reading, writing) = try FileDescriptor.makePipe()
    try writing.close()
    var set = PollSet()
    set.add(reading)
    let isReady = set.wait(for: nil)
    #expect(isReady && set.events(0) == .readable)
    try reading.close()
  }

  @Test func aThreadIsAnotherThread() async throws {
    let (reading, writing) = try FileDescriptor.makePipe()
    let other = Once<Int>()
    // The first waits for the second: the number of a thread that has ended is used again.
    let isAnother = await SystemThread.run {
      try? SystemThread.start {
        other.set(SystemThread.current)
        try? writing.close()
      }
      _ = try? reading.readToEnd()
      return other.value != nil && other.value != SystemThread.current
    }
    #expect(isAnother)
    try reading.close()
  }
}

@Suite(.timeLimit(.minutes(1))) struct MailboxTests {
  @Test func elementsComeInOrderAndTheEndComesLast() async {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.post(1) && mailbox.post(2))
    mailbox.finish()
    #expect(!mailbox.post(3))
    #expect(await mailbox.next() == 1)
    #expect(await mailbox.next() == 2)
    #expect(await mailbox.next() == nil)
  }

  @Test func aTaskThatWaitsGetsWhatIsPosted() async {
    let mailbox = Mailbox<Int>()
    async let next = mailbox.next()
    await Task.yield()
    mailbox.post(7)
    #expect(await next == 7)
  }

  @Test func cancellationEndsAWaitAndLosesNothing() async {
    let mailbox = Mailbox<Int>()
    let task = Task { await mailbox.next() }
    task.cancel()
    #expect(await task.value == nil)
    mailbox.post(1)
    #expect(await mailbox.next() == 1)
  }

  @Test func manyPostersLoseNothing() async {
    let mailbox = Mailbox<Int>()
    let sum = Task {
      var sum = 0
      while let number = await mailbox.next() { sum += number }
      return sum
    }
    await withTaskGroup(of: Void.self) { group in
      for base in 0..<8 { group.addTask { for number in 0..<100 { mailbox.post(base * 100 + number) } } }
    }
    mailbox.finish()
    #expect(await sum.value == (0..<800).reduce(0, +))
  }

  @Test func aValueIsSetOnceForAllWhoWait() async {
    let once = Once<Int>()
    #expect(once.value == nil)
    async let first = once.wait()
    async let second = once.wait()
    #expect(once.set(1))
    #expect(!once.set(2))
    #expect(await [first, second, once.wait()] == [1, 1, 1])
    #expect(once.value == 1)
  }

  @Test func cancellationEndsTheWaitForAValue() async {
    let once = Once<Int>()
    let task = Task { await once.wait() }
    task.cancel()
    #expect(await task.value == nil)
    #expect(once.set(1))
  }
}
