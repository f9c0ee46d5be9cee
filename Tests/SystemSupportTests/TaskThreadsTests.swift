import Dispatch
import Foundation
import SystemSupport
import Testing

@Suite("Threads that may block")
struct TaskThreadsTests {
  private actor Place {
    var count = 0
    func visit() { count += 1 }
  }

  private static func thread() -> ObjectIdentifier { ObjectIdentifier(Thread.current) }

  @Test func aTaskThatPrefersTheExecutorStaysOnOneThread() async {
    let place = Place()
    let threads = await Task(executorPreference: TaskThreads()) {
      var seen = Set<ObjectIdentifier>()
      for _ in 0..<100 {
        seen.insert(Self.thread())
        await place.visit()
        await Task.yield()
      }
      return seen
    }.value
    #expect(threads.count == 1)
    #expect(await place.count == 100)
  }

  /// Also as many as a connection carries out calls at a time.
  @Test(arguments: [4, 128]) func blockingJobsDelayNoOthers(_ count: Int) async {
    let threads = TaskThreads()
    let gate = DispatchSemaphore(value: 0)
    let passed = await Task(executorPreference: threads) {
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<count {
          group.addTask { threads.blocking { gate.wait(timeout: .now() + 5) == .success } }
        }
        // Started last.
        group.addTask {
          for _ in 0..<count { gate.signal() }
          return true
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
    }.value
    #expect(passed == count + 1)
  }
}

@Suite("Pauses", .timeLimit(.minutes(1)))
struct PauseTests {
  @Test func theyEndAndNotTooEarly() async throws {
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for milliseconds in [90, 30, 60, 0, -5] {
        group.addTask {
          try await Task.pause(until: start + .milliseconds(milliseconds))
          #expect(ContinuousClock.now >= start + .milliseconds(milliseconds))
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(60)])
  func aCancelledPauseEndsAtOnce(_ duration: Duration) async {
    let pause = Task { try await Task.pause(for: duration) }
    pause.cancel()
    await #expect(throws: CancellationError.self) { try await pause.value }
  }

  @Test func whatIsDoneAtIntervalsMeets() {
    for interval in [Duration.milliseconds(1), .seconds(10), .seconds(Int64.max)] {
      let next = ContinuousClock.Instant.next(interval)
      #expect(next > .now - .seconds(1) && next <= .now + interval)
    }
    let now = ContinuousClock.now
    #expect(ContinuousClock.Instant.next(.seconds(10), after: .seconds(8)) > now + .seconds(8))
    let (tens, fives) = (ContinuousClock.Instant.next(.seconds(10)), ContinuousClock.Instant.next(.seconds(5)))
    #expect(tens == fives || tens == fives + .seconds(5))
  }
}
