import Synchronization
import SystemSupport

/// One thread that waits for the sockets of its connections and is the executor of their actors, so that a result is handled without
/// changing threads. The thread starts at the first use.
public final class PostgresEventLoop: SerialExecutor, Sendable {
  /// Enough for a process; its thread sleeps when nothing happens.
  public static let shared = PostgresEventLoop()

  struct Readiness: OptionSet, Sendable {
    let rawValue: UInt8
    static let readable = Readiness(rawValue: 1)
    static let deadline = Readiness(rawValue: 2)
  }

  struct RegistrationID: Hashable, Sendable { fileprivate let number: UInt64 }

  private struct Registration {
    let descriptor: FileDescriptor
    var wantsWritable = false
    var deadline: ContinuousClock.Instant?
    let handler: @Sendable (Readiness) -> Void
  }

  private enum Work {
    case job(UnownedJob)
    case block(@Sendable () -> Void)
  }

  private struct State {
    var work: [Work] = []
    var registrations: [RegistrationID: Registration] = [:]
    var nextNumber: UInt64 = 0
    var isAsleep = false
    var isRunning = false
    /// Set by `stop`, and reset by a new connection.
    var endsWhenIdle = false
    var thread: Int?
    var stopWaiters: [CheckedContinuation<Void, Never>] = []
  }

  /// After so many rounds the thread looks for input, however much work there is.
  private static let roundsBetweenInputs = 64

  private let state = Mutex(State())
  private let pipe: WakePipe

  /// Stops the program when no file descriptor is left; later lack of them is an error of `connect`.
  public init() {
    do { pipe = try WakePipe() } catch { fatalError("PostgresClient cannot start: \(error)") }
  }

  // MARK: SerialExecutor

  public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { precondition(isOnThread, "not on the event loop's thread") }

  private var isOnThread: Bool { state.withLock { $0.thread == SystemThread.current } }

  /// Ends the thread once no connection is open, and returns when it has ended. A later use starts it again.
  public func stop() async {
    await withCheckedContinuation { continuation in
      let isRunning = state.withLock { state in
        state.endsWhenIdle = true
        guard state.isRunning else { return false }
        state.stopWaiters.append(continuation)
        return true
      }
      if isRunning { pipe.wake() } else { continuation.resume() }
    }
  }

  // MARK: For connections

  /// Runs the block on the loop's thread, after the work that waits there.
  func execute(_ block: @escaping @Sendable () -> Void) { add(.block(block)) }

  /// Watches for input; the handler runs on the loop's thread.
  func register(_ descriptor: FileDescriptor, handler: @escaping @Sendable (Readiness) -> Void) -> RegistrationID {
    let id = state.withLock { state in
      state.nextNumber += 1
      if state.stopWaiters.isEmpty { state.endsWhenIdle = false }
      let id = RegistrationID(number: state.nextNumber)
      state.registrations[id] = Registration(descriptor: descriptor, handler: handler)
      return id
    }
    wakeUnlessOnThread()
    return id
  }

  func update(_ id: RegistrationID, wantsWritable: Bool, deadline: ContinuousClock.Instant?) {
    state.withLock { state in
      state.registrations[id]?.wantsWritable = wantsWritable
      state.registrations[id]?.deadline = deadline
    }
    wakeUnlessOnThread()
  }

  func deregister(_ id: RegistrationID) {
    state.withLock { _ = $0.registrations.removeValue(forKey: id) }
    wakeUnlessOnThread()
  }

  private func wakeUnlessOnThread() {
    if !isOnThread { execute {} }
  }

  private func add(_ work: Work) {
    let (mustStart, mustWake) = state.withLock { state in
      state.work.append(work)
      let mustStart = !state.isRunning
      state.isRunning = true
      let mustWake = state.isAsleep
      state.isAsleep = false
      return (mustStart, mustWake)
    }
    if mustStart {
      do throws(SystemError) {
        try SystemThread.start(stackSize: SystemThread.largeStack) { self.run() }
      } catch { fatalError("PostgresClient cannot start: \(error)") }
    } else if mustWake {
      pipe.wake()
    }
  }

  // MARK: The thread

  private func run() {
    state.withLock { $0.thread = SystemThread.current }
    var poll = PollSet()
    var ids: [RegistrationID] = []
    var rounds = 0
    while let batch = takeWork() {
      for work in batch {
        switch work {
        case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .block(let block): block()
        }
      }
      rounds += 1
      // Most work leaves more work, and asking for input takes longer than most of it.
      if !batch.isEmpty, rounds < Self.roundsBetweenInputs { continue }
      rounds = 0
      poll.wait(for: prepare(&poll, &ids))
      state.withLock { $0.isAsleep = false }
      if poll.isReady(0) { pipe.drain() }
      let now = ContinuousClock.now
      for (index, id) in ids.enumerated() { dispatch(id, poll.events(index + 1), now) }
    }
  }

  /// Nil when the thread is to end.
  private func takeWork() -> [Work]? {
    let (batch, waiters) = state.withLock { state -> ([Work]?, [CheckedContinuation<Void, Never>]) in
      if state.endsWhenIdle, state.work.isEmpty, state.registrations.isEmpty {
        defer {
          state.isRunning = false
          state.thread = nil
          state.stopWaiters = []
        }
        return (nil, state.stopWaiters)
      }
      let batch = state.work
      state.work = []
      return (batch, [])
    }
    for waiter in waiters { waiter.resume() }
    return batch
  }

  /// Fills the set: the pipe, then a descriptor for each id.
  ///
  /// - Returns: how long to wait.
  private func prepare(_ poll: inout PollSet, _ ids: inout [RegistrationID]) -> Duration? {
    let now = ContinuousClock.now
    return state.withLock { state in
      poll.removeAll()
      ids.removeAll(keepingCapacity: true)
      poll.add(pipe.descriptor)
      var nearest: ContinuousClock.Instant?
      for (id, registration) in state.registrations {
        poll.add(registration.descriptor, registration.wantsWritable ? [.readable, .writable] : .readable)
        ids.append(id)
        if let deadline = registration.deadline { nearest = nearest.map { min($0, deadline) } ?? deadline }
      }
      guard state.work.isEmpty else { return .zero }
      state.isAsleep = true
      return nearest.map { now.duration(to: $0) }
    }
  }

  private func dispatch(_ id: RegistrationID, _ events: PollSet.Events, _ now: ContinuousClock.Instant) {
    let call: (handler: @Sendable (Readiness) -> Void, readiness: Readiness)? = state.withLock { state in
      guard let registration = state.registrations[id] else { return nil }
      var readiness: Readiness = events.contains(.readable) ? .readable : []
      let isDue = registration.deadline.map { $0 <= now } ?? false
      if isDue {
        readiness.insert(.deadline)
        state.registrations[id]?.deadline = nil
      }
      return events.isEmpty && !isDue ? nil : (registration.handler, readiness)
    }
    if let call { call.handler(call.readiness) }
  }
}

/// Runs tasks on the thread of an event loop. For tasks that do little but ask its connections: a change of threads takes longer than many a
/// statement. What blocks must not run here.
public final class PostgresTaskExecutor: TaskExecutor {
  public static let shared = PostgresTaskExecutor(of: .shared)

  private let loop: PostgresEventLoop

  public init(of loop: PostgresEventLoop) { self.loop = loop }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
