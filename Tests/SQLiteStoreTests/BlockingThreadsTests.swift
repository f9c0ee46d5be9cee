import BridgeTesting
import Dispatch
import Foundation
import Testing

@testable import SQLiteStore

@Suite("Threads that may block")
struct BlockingThreadsTests {
  private actor Place {
    var count = 0
    func visit() { count += 1 }
  }

  private static func thread() -> ObjectIdentifier { ObjectIdentifier(Thread.current) }

  @Test func aTaskThatPrefersTheExecutorStaysOnOneThread() async {
    let place = Place()
    let threads = await Task(executorPreference: BlockingThreads()) {
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

  @Test func blockingJobsDelayNoOthers() async {
    let threads = BlockingThreads()
    let gate = DispatchSemaphore(value: 0)
    let passed = await Task(executorPreference: threads) {
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<4 {
          group.addTask { threads.blocking { gate.wait(timeout: .now() + 5) == .success } }
        }
        // Started last.
        group.addTask {
          for _ in 0..<4 { gate.signal() }
          return true
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
    }.value
    #expect(passed == 5)
  }

  @Test func aVerbBlocksNoThreadOfSwiftConcurrency() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      #expect(try await store.visit { _ in BlockingThreads.shared.hasThisThread })
      #expect(!BlockingThreads.shared.hasThisThread)
    }
  }
}
