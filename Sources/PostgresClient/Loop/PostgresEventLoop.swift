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

  struct RegistrationID: Hashable, Sendable {
    private static let last = Atomic<UInt64>(0)
    private let number = Self.last.wrappingAdd(1, ordering: .relaxed).newValue
  }

  private struct Registration {
    let descriptor: FileDescriptor
    var wantsWritable = false
    var deadline: ContinuousClock.Instant?
    let handler: @Sendable (Readiness) -> Void
  }

  private struct State {
    var work: [@Sendable () -> Void] = []
    var registrations: [RegistrationID: Registration] = [:]
    var isAsleep = false
    var isRunning = false
    var thread: Int?
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

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    execute { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { precondition(isOnThread, "not on the event loop's thread") }

  private var isOnThread: Bool { state.withLock { $0.thread == SystemThread.current } }

  // MARK: For connections

  /// Watches for input; the handler runs on the loop's thread.
  func register(_ id: RegistrationID, _ descriptor: FileDescriptor, handler: @escaping @Sendable (Readiness) -> Void) {
    state.withLock { $0.registrations[id] = Registration(descriptor: descriptor, handler: handler) }
    wakeUnlessOnThread()
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

  /// Runs the block on the loop's thread, after the work that waits there.
  func execute(_ block: @escaping @Sendable () -> Void) {
    let (mustStart, mustWake) = state.withLock { state in
      state.work.append(block)
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
    while true {
      let batch = state.withLock { state in
        defer { state.work = [] }
        return state.work
      }
      for block in batch { block() }
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
