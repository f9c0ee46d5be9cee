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

  /// One of the threads. Unchecked: only the thread itself uses `isBlocking`.
  private final class Worker: @unchecked Sendable {
    let called = DispatchSemaphore(value: 0)
    var isBlocking = false
  }

  private struct State {
    var jobs: [UnownedJob] = []
    /// The one that was busy last is the last.
    var idle: [Worker] = []
    var threads = 0

    mutating func help() -> Help {
      if let worker = idle.popLast() { return .worker(worker) }
      guard threads < maximumCount else { return .none }
      threads += 1
      return .newThread
    }
  }

  private enum Help {
    case none
    case worker(Worker)
    case newThread
  }

  private let state = Mutex(State())
  private let worker = ThreadLocal<Worker>()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let staysHere = worker.object.map { !$0.isBlocking } ?? false
    let help = state.withLock { state -> Help in
      state.jobs.append(job)
      return staysHere ? .none : state.help()
    }
    call(help)
  }

  /// Runs a body that blocks. Meanwhile other threads take the waiting jobs.
  func blocking<Value>(_ body: () throws -> Value) rethrows -> Value {
    guard let worker = worker.object else { return try body() }
    call(state.withLock { $0.jobs.isEmpty ? .none : $0.help() })
    worker.isBlocking = true
    defer { worker.isBlocking = false }
    return try body()
  }

  /// Whether this thread is one of them.
  var hasThisThread: Bool { worker.object != nil }

  /// To be called without the lock, which the called thread takes at once.
  private func call(_ help: Help) {
    switch help {
    case .none: break
    case .worker(let worker): worker.called.signal()
    case .newThread:
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
  }

  private func work() {
    let own = Worker()
    worker.object = own
    withExtendedLifetime(own) {
      while let job = next(own) {
        #if canImport(Darwin)
          autoreleasepool { job.runSynchronously(on: asUnownedTaskExecutor()) }
        #else
          job.runSynchronously(on: asUnownedTaskExecutor())
        #endif
      }
    }
  }

  /// Waits for a job; nil when the thread is to end.
  private func next(_ worker: Worker) -> UnownedJob? {
    while true {
      let job = state.withLock { state -> UnownedJob? in
        if !state.jobs.isEmpty { return state.jobs.removeFirst() }
        state.idle.append(worker)
        return nil
      }
      if let job { return job }
      guard worker.called.wait(timeout: .now() + Self.idleTime) == .timedOut else { continue }
      let ends = state.withLock { state -> Bool in
        guard let index = state.idle.firstIndex(where: { $0 === worker }) else { return false }
        state.idle.remove(at: index)
        state.threads -= 1
        return true
      }
      if ends { return nil }
      // Called at the same moment.
      worker.called.wait()
    }
  }
}
