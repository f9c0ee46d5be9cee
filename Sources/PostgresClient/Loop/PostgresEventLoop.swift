import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// One thread that runs `poll(2)` over the sockets of its connections, and is the executor of their actors, so that a result is
/// handled without changing threads. The thread starts at the first use.
public final class PostgresEventLoop: SerialExecutor, Sendable {
  /// Enough for a process; its thread sleeps when nothing happens.
  public static let shared = PostgresEventLoop()

  struct Readiness: OptionSet, Sendable {
    let rawValue: UInt8
    static let readable = Readiness(rawValue: 1)
    static let writable = Readiness(rawValue: 2)
    static let deadline = Readiness(rawValue: 4)
  }

  struct RegistrationID: Hashable, Sendable { fileprivate let number: UInt64 }

  fileprivate struct Registration {
    let descriptor: Int32
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
    /// Set by `stop`, and taken back by a new connection.
    var endsWhenIdle = false
    var thread: pthread_t?
    var stopWaiters: [CheckedContinuation<Void, Never>] = []
  }

  /// However much there is to do, input is looked for after so many.
  private static let roundsBetweenInputs = 64

  private let state = Mutex(State())
  private let pipe: WakePipe

  /// Stops the program when no file descriptor is left; later lack of them is an error of `connect`.
  public init() {
    guard let pipe = WakePipe() else { fatalError("PostgresClient cannot make a pipe: the process is out of file descriptors.") }
    self.pipe = pipe
  }

  // MARK: SerialExecutor

  public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { precondition(isOnThread, "not on the event loop's thread") }

  private var isOnThread: Bool { state.withLock { state in state.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }

  /// Ends the thread once no connection is open, and returns when it has ended. A later use starts it again.
  public func stop() async {
    await withCheckedContinuation { continuation in
      let isRunning = state.withLock { state in
        state.endsWhenIdle = true
        guard state.isRunning else { return false }
        state.stopWaiters.append(continuation)
        return true
      }
      if isRunning { pipe.signal() } else { continuation.resume() }
    }
  }

  // MARK: for connections

  /// Runs the block on the loop's thread, after the work that is there already.
  func execute(_ block: @escaping @Sendable () -> Void) { add(.block(block)) }

  /// Watches for reading; the handler runs on the loop's thread.
  func register(_ descriptor: Int32, handler: @escaping @Sendable (Readiness) -> Void) -> RegistrationID {
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
      guard Threads.start({ self.run() }) else { fatalError("PostgresClient cannot start its thread: the system has none left.") }
    } else if mustWake {
      pipe.signal()
    }
  }

  // MARK: the thread

  private func run() {
    state.withLock { $0.thread = pthread_self() }
    var pollSet = PollSet()
    var rounds = 0
    while let batch = takeWork() {
      for work in batch {
        switch work {
        case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .block(let block): block()
        }
      }
      rounds += 1
      // What was done has left more to do, as a rule, and to ask for input takes longer than most of it.
      if !batch.isEmpty, rounds < Self.roundsBetweenInputs { continue }
      rounds = 0
      let timeout = prepare(&pollSet)
      _ = pollSet.wait(timeout: timeout)
      state.withLock { $0.isAsleep = false }
      dispatch(pollSet)
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

  /// Fills the set and returns the time to wait in milliseconds: 0 while there is work, -1 without a deadline.
  private func prepare(_ pollSet: inout PollSet) -> Int32 {
    let now = ContinuousClock.now
    return state.withLock { state in
      pollSet.removeAll()
      pollSet.add(pipe.readEnd, wantsWritable: false, id: nil)
      var nearest: ContinuousClock.Instant?
      for (id, registration) in state.registrations {
        pollSet.add(registration.descriptor, wantsWritable: registration.wantsWritable, id: id)
        if let deadline = registration.deadline { nearest = nearest.map { min($0, deadline) } ?? deadline }
      }
      guard state.work.isEmpty else { return 0 }
      state.isAsleep = true
      return nearest.map { PollSet.milliseconds(from: now, to: $0) } ?? -1
    }
  }

  private func dispatch(_ pollSet: PollSet) {
    let now = ContinuousClock.now
    for entry in pollSet.ready where entry.id == nil { pipe.drain() }
    for entry in pollSet.entries {
      guard let id = entry.id else { continue }
      let handler: (@Sendable (Readiness) -> Void, Readiness)? = state.withLock { state in
        guard let registration = state.registrations[id] else { return nil }
        var readiness = entry.readiness
        if let deadline = registration.deadline, deadline <= now {
          readiness.insert(.deadline)
          state.registrations[id]?.deadline = nil
        }
        return readiness.isEmpty ? nil : (registration.handler, readiness)
      }
      if let (handler, readiness) = handler { handler(readiness) }
    }
  }
}
