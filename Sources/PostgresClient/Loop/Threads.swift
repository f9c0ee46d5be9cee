import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A detached POSIX thread that takes no signals.
enum Threads {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// False when the system has no thread left.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let argument = Unmanaged.passRetained(Body(body)).toOpaque()
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    // A thread inherits the mask of its maker.
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    #if canImport(Darwin)
      var thread: pthread_t?
      let status = pthread_create(&thread, nil, { Threads.main($0) }, argument)
      if status == 0, let thread { pthread_detach(thread) }
    #else
      var thread = pthread_t()
      let status = pthread_create(&thread, nil, { argument in argument.flatMap { Threads.main($0) } }, argument)
      if status == 0 { pthread_detach(thread) }
    #endif
    if status != 0 { Unmanaged<Body>.fromOpaque(argument).release() }
    return status == 0
  }

  private static func main(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }
}

/// One blocking call on a thread of its own, that the caller may stop waiting for.
enum BlockingCall {
  enum Outcome<Value: Sendable>: Sendable {
    case value(Value)
    case timedOut
    case cancelled
    case noThread
  }

  /// Ends with the value, after `timeout`, or when the task is cancelled, whatever comes first. In the latter two cases the thread
  /// goes on: `interrupt` is called to hurry it, and its late value is dropped.
  static func run<Value: Sendable>(
    timeout: Duration?, interrupt: @escaping @Sendable () -> Void = {}, body: @escaping @Sendable () -> Value
  ) async -> Outcome<Value> {
    let once = Once<Outcome<Value>>()
    let isStarted = Threads.start {
      let value = body()
      once.finish(.value(value))
    }
    guard isStarted else { return .noThread }
    let timer = timeout.map { timeout in
      Task {
        try? await Task.sleep(for: timeout)
        if !Task.isCancelled, once.finish(.timedOut) { interrupt() }
      }
    }
    let outcome = await withTaskCancellationHandler {
      await once.wait()
    } onCancel: {
      if once.finish(.cancelled) { interrupt() }
    }
    timer?.cancel()
    return outcome
  }
}

/// A value that is set once and awaited by one.
final class Once<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case waiting(CheckedContinuation<Value, Never>)
    case full(Value)
    case taken
  }
  private let state = Mutex<State>(.empty)

  /// False when it had been set already.
  @discardableResult
  func finish(_ value: Value) -> Bool {
    let (isFirst, waiter): (Bool, CheckedContinuation<Value, Never>?) = state.withLock { state in
      switch state {
      case .empty:
        state = .full(value)
        return (true, nil)
      case .waiting(let continuation):
        state = .taken
        return (true, continuation)
      case .full, .taken: return (false, nil)
      }
    }
    waiter?.resume(returning: value)
    return isFirst
  }

  func wait() async -> Value {
    await withCheckedContinuation { continuation in
      let ready: Value? = state.withLock { state in
        if case .full(let value) = state {
          state = .taken
          return value
        }
        state = .waiting(continuation)
        return nil
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }
}
