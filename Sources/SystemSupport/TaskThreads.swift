import CSystemSupport
import Foundation
import Synchronization

/// Threads for tasks, which may block: as many run as there are processors, but at least four, and others while those block.
///
/// A task that prefers them changes threads neither before nor after it blocks: its thread continues with what the task enqueues, unless it
/// blocks. To wake another thread takes longer than most jobs.
public final class TaskThreads: TaskExecutor {
  public static let shared = TaskThreads()

  /// Beyond these, jobs wait for a thread. More than the calls that a connection carries out at a time: when all of them block, the rest goes on.
  private static let maximumCount = 256
  /// Beyond these, jobs wait for a thread that is not blocked.
  private static let parallelCount = max(4, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  /// After this time without a job, a thread ends. Longer than from one heartbeat to the next.
  private static let idleTime = DispatchTimeInterval.seconds(30)

  /// One of the threads. Unchecked: only the thread itself uses `isBlocking`.
  private final class Worker: @unchecked Sendable {
    let called = DispatchSemaphore(value: 0)
    var isBlocking = false
  }

  private enum Job {
    /// Of a task that prefers these threads.
    case preferring(UnownedJob)
    /// Of any other task. Unchecked by the compiler: the runtime's pointer, which is run once.
    case global(UnsafeMutableRawPointer)
  }

  private struct State: @unchecked Sendable {
    var jobs: [Job] = []
    /// The one that was busy last is the last.
    var idle: [Worker] = []
    var threads = 0
    var blocked = 0

    mutating func help() -> Help {
      if let worker = idle.popLast() { return .worker(worker) }
      guard threads < maximumCount, threads - blocked < parallelCount else { return .none }
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

  public init() {}

  /// Runs all tasks of this process that prefer no executor on ``shared``.
  ///
  /// Those of libdispatch, which would run them on Linux otherwise, look once a second for threads that block, also when there is nothing to do
  /// (swift-corelibs-libdispatch, workqueue.c). Call it once, before there are tasks.
  public static func runAllTasks() {
    #if os(Linux)
      set_global_executor { TaskThreads.shared.enqueue(.global($0), staysHere: false) }
    #endif
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    enqueue(.preferring(UnownedJob(job)), staysHere: worker.object.map { !$0.isBlocking } ?? false)
  }

  private func enqueue(_ job: Job, staysHere: Bool) {
    let help = state.withLock { state -> Help in
      state.jobs.append(job)
      return staysHere ? .none : state.help()
    }
    call(help)
  }

  /// Runs a body that blocks. Meanwhile other threads take the waiting jobs.
  public func blocking<Value>(_ body: () throws -> Value) rethrows -> Value {
    guard let worker = worker.object else { return try body() }
    let help = state.withLock { state -> Help in
      state.blocked += 1
      return state.jobs.isEmpty ? .none : state.help()
    }
    call(help)
    worker.isBlocking = true
    defer {
      worker.isBlocking = false
      state.withLock { $0.blocked -= 1 }
    }
    return try body()
  }

  /// Whether this thread is one of them.
  public var hasThisThread: Bool { worker.object != nil }

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
          autoreleasepool { run(job) }
        #else
          run(job)
        #endif
      }
    }
  }

  private func run(_ job: Job) {
    switch job {
    case .preferring(let job): job.runSynchronously(on: asUnownedTaskExecutor())
    case .global(let job):
      #if os(Linux)
        run_global_job(job)
      #else
        preconditionFailure("No job of the global executor comes here: \(job)")
      #endif
    }
  }

  /// Waits for a job; nil when the thread is to end.
  private func next(_ worker: Worker) -> Job? {
    while true {
      let job = state.withLock { state -> Job? in
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
