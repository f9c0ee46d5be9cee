import Foundation
import Synchronization
import SystemSupport

/// Threads for tasks that block, as many as are busy at a time, apart from those of Swift concurrency.
///
/// A task that prefers them changes threads neither before nor after it blocks: its thread continues with what the task enqueues, unless it
/// blocks. To wake another thread takes longer than most jobs.
final class BlockingThreads: TaskExecutor {
  static let shared = BlockingThreads()

  /// Beyond these, jobs wait for a thread.
  private static let maximumCount = 128
  /// After this time without a job, a thread ends.
  private static let idleTime = DispatchTimeInterval.seconds(10)

  private struct State {
    var jobs: [UnownedJob] = []
    /// Threads that wait and have not been called.
    var idle = 0
    var threads = 0
    /// Whether a thread blocks, by its number.
    var isBlocking: [Int: Bool] = [:]
  }

  private let state = Mutex(State())
  private let called = DispatchSemaphore(value: 0)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let staysHere = state.withLock { state in
      state.jobs.append(job)
      return state.isBlocking[SystemThread.current] == false
    }
    if !staysHere { callThread() }
  }

  /// Runs a body that blocks. Meanwhile other threads take the waiting jobs.
  func blocking<Value>(_ body: () throws -> Value) rethrows -> Value {
    guard hasThisThread else { return try body() }
    let isNeeded = state.withLock { state in
      state.isBlocking[SystemThread.current] = true
      return !state.jobs.isEmpty
    }
    if isNeeded { callThread() }
    defer { state.withLock { $0.isBlocking[SystemThread.current] = false } }
    return try body()
  }

  /// Whether this thread is one of them.
  var hasThisThread: Bool { state.withLock { $0.isBlocking[SystemThread.current] != nil } }

  /// Gives the jobs one more thread, if there may be one.
  private func callThread() {
    let isNew = state.withLock { state -> Bool in
      if state.idle > 0 {
        state.idle -= 1
        called.signal()
        return false
      }
      guard state.threads < Self.maximumCount else { return false }
      state.threads += 1
      return true
    }
    guard isNew else { return }
    do throws(SystemError) {
      try SystemThread.start(stackSize: SystemThread.largeStack) { self.work() }
    } catch {
      // The job waits for one of the others.
      let isAlone = state.withLock { state in
        state.threads -= 1
        return state.threads == 0
      }
      if isAlone { fatalError("The process cannot start a thread: \(error)") }
    }
  }

  private func work() {
    state.withLock { $0.isBlocking[SystemThread.current] = false }
    while let job = next() {
      #if canImport(Darwin)
        autoreleasepool { job.runSynchronously(on: asUnownedTaskExecutor()) }
      #else
        job.runSynchronously(on: asUnownedTaskExecutor())
      #endif
    }
  }

  /// Waits for a job; nil when the thread is to end.
  private func next() -> UnownedJob? {
    while true {
      let job = state.withLock { state -> UnownedJob? in
        if !state.jobs.isEmpty { return state.jobs.removeFirst() }
        state.idle += 1
        return nil
      }
      if let job { return job }
      guard called.wait(timeout: .now() + Self.idleTime) == .timedOut else { continue }
      let ends = state.withLock { state -> Bool in
        guard state.idle > 0 else { return false }
        state.idle -= 1
        state.threads -= 1
        state.isBlocking[SystemThread.current] = nil
        return true
      }
      if ends { return nil }
      // All that wait have been called at this moment, this thread among them.
      called.wait()
    }
  }
}
