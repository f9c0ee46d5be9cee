import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Threads for tasks that block, as many as have something to do at a time, and never those of Swift concurrency.
///
/// A task that prefers them changes threads neither before nor after it blocks: what a job leaves to be done goes on on its thread when it has
/// ended, unless it blocks before that. To wake another thread takes longer than most jobs.
final class BlockingThreads: TaskExecutor {
  static let shared = BlockingThreads()

  /// Beyond these, jobs wait for a thread.
  private static let most = 128
  /// A thread that had nothing to do for this long ends.
  private static let patience = DispatchTimeInterval.seconds(10)

  /// One of the threads. Unchecked: only the thread itself reads and changes what may change.
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
      guard threads < most else { return .none }
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
  /// Under which each thread keeps its worker.
  private let key: pthread_key_t = {
    var key = pthread_key_t()
    precondition(pthread_key_create(&key, nil) == 0, "The process has no keys for threads left.")
    return key
  }()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let goesOnHere = here.map { !$0.isBlocking } ?? false
    let help = state.withLock { state -> Help in
      state.jobs.append(job)
      return goesOnHere ? .none : state.help()
    }
    call(help)
  }

  /// Carries out what blocks. What is left to be done meanwhile is done by other threads.
  func blocking<Value>(_ body: () throws -> Value) rethrows -> Value {
    guard let worker = here else { return try body() }
    call(state.withLock { $0.jobs.isEmpty ? .none : $0.help() })
    worker.isBlocking = true
    defer { worker.isBlocking = false }
    return try body()
  }

  /// Whether this thread is one of them.
  var hasThisThread: Bool { here != nil }

  /// The worker whose thread this is.
  private var here: Worker? {
    pthread_getspecific(key).map { Unmanaged<Worker>.fromOpaque($0).takeUnretainedValue() }
  }

  /// To be called without the lock, which who is called takes at once.
  private func call(_ help: Help) {
    switch help {
    case .none: break
    case .worker(let worker): worker.called.signal()
    case .newThread:
      let thread = Thread { self.work() }
      // The default of Linux; that of macOS is less.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  private func work() {
    let worker = Worker()
    pthread_setspecific(key, Unmanaged.passUnretained(worker).toOpaque())
    withExtendedLifetime(worker) {
      while let job = next(worker) {
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
      guard worker.called.wait(timeout: .now() + Self.patience) == .timedOut else { continue }
      let ends = state.withLock { state -> Bool in
        guard let index = state.idle.firstIndex(where: { $0 === worker }) else { return false }
        state.idle.remove(at: index)
        state.threads -= 1
        return true
      }
      if ends { return nil }
      // Called in the same moment.
      worker.called.wait()
    }
  }
}
