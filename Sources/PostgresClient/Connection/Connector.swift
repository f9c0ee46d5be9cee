import CLibPQ
import SystemSupport

/// Carries out a `ConnectPlan`. Helper threads resolve names and try addresses: look-up, TLS and SCRAM would hold up the event loop. No
/// step takes longer than the settings' `connectTimeout`.
enum Connector {
  private typealias Attempt = PostgresError.ConnectAttempt

  private enum AttemptOutcome: Sendable {
    case connected(ConnectionHandle)
    case failed(text: String)
    case timedOut
  }

  static func connect(_ settings: ConnectionSettings) async throws(PostgresError) -> ConnectionHandle {
    let endpoints = settings.shufflesHosts ? settings.endpoints.shuffled() : settings.endpoints
    var plan = ConnectPlan(endpoints: endpoints, sessionAttributes: settings.sessionAttributes)
    while true {
      if Task.isCancelled { throw PostgresError(.cancelled, "Connecting was cancelled.") }
      switch plan.next() {
      case .giveUp(let failures): throw ConnectPlan.error(failures, settings: settings)
      case .resolve(let endpoint, _):
        let outcome = await BlockingCall.run(timeout: settings.connectTimeout) { addresses(of: endpoint.host) }
        if case .value(let addresses) = outcome, !addresses.isEmpty {
          plan.resolved(addresses)
        } else {
          plan.failed(failure(endpoint, "the name could not be resolved", kind: .nameNotFound))
        }
      case .connect(let endpoint, let attributes):
        switch await attempt(endpoint, attributes, settings) {
        case .connected(let handle): return handle
        case .timedOut: plan.failed(failure(endpoint, "no answer within \(settings.connectTimeout)", kind: .timedOut))
        case .failed(let text):
          let cleaned = settings.sanitizer.clean(text)
          let kind = ConnectPlan.classify(text: cleaned.text, sqlState: cleaned.sqlState)
          plan.failed(failure(endpoint, cleaned.text, kind: kind, sqlState: cleaned.sqlState))
        }
      }
    }
  }

  private static func failure(_ endpoint: Endpoint, _ reason: String, kind: Attempt.Kind, sqlState: SQLState? = nil) -> Attempt {
    let address = endpoint.address.isEmpty || endpoint.address == endpoint.host ? "" : " (\(endpoint.address))"
    return Attempt(host: endpoint.shownHost + address, port: endpoint.shownPort, reason: reason, sqlState: sqlState, kind: kind)
  }

  private static func attempt(_ endpoint: Endpoint, _ attributes: String, _ settings: ConnectionSettings) async -> AttemptOutcome {
    let options = settings.attemptOptions(for: endpoint, sessionAttributes: attributes)
    let deadline = ContinuousClock.now + settings.connectTimeout
    guard let interruption = try? WakePipe() else { return .failed(text: "this process is out of file descriptors") }
    // The thread keeps the deadline; this timeout is for a thread that hangs in a look-up of libpq's own.
    let outcome = await BlockingCall.run(
      timeout: settings.connectTimeout + .milliseconds(500), interrupt: { interruption.wake() },
      body: { drive(options, deadline: deadline, interruption: interruption) })
    switch outcome {
    case .value(let value): return value
    case .timedOut: return .timedOut
    case .cancelled: return .failed(text: "cancelled")
    case .noThread: return .failed(text: "this process cannot start another thread")
    }
  }

  /// `PQconnectStart` and `PQconnectPoll` (PostgreSQL manual, "Database Connection Control Functions").
  private static func drive(_ options: ConninfoOptions, deadline: ContinuousClock.Instant, interruption: WakePipe) -> AttemptOutcome {
    guard let handle = ConnectionHandle.start(options) else { return .failed(text: "out of memory") }
    if handle.isBad { return .failed(text: handle.errorText) }
    var wanted = PGRES_POLLING_WRITING
    var poll = PollSet()
    while true {
      poll.removeAll()
      // The socket changes when libpq tries again without TLS.
      poll.add(handle.socket, wanted == PGRES_POLLING_READING ? .readable : .writable)
      poll.add(interruption.descriptor)
      guard poll.wait(for: ContinuousClock.now.duration(to: deadline)) else {
        if ContinuousClock.now >= deadline { return .timedOut }
        continue
      }
      if poll.isReady(1) { return .timedOut }
      wanted = handle.connectPoll()
      switch wanted {
      case PGRES_POLLING_OK: return handle.becomeNonBlocking() ? .connected(handle) : .failed(text: handle.errorText)
      case PGRES_POLLING_FAILED: return .failed(text: handle.errorText)
      default: break
      }
    }
  }
}

/// A blocking call on a thread of its own, which the caller may stop waiting for.
enum BlockingCall {
  enum Outcome<Value: Sendable>: Sendable {
    case value(Value)
    case timedOut
    case cancelled
    case noThread
  }

  /// Returns the value, or after `timeout`, or when the task is cancelled. In the latter two cases the thread continues: `interrupt` is called
  /// to hurry it, and its late value is dropped.
  static func run<Value: Sendable>(
    timeout: Duration, interrupt: @escaping @Sendable () -> Void = {}, body: @escaping @Sendable () -> Value
  ) async -> Outcome<Value> {
    let outcome = Once<Outcome<Value>>()
    do throws(SystemError) {
      try SystemThread.start(stackSize: SystemThread.largeStack) { outcome.set(.value(body())) }
    } catch { return .noThread }
    let timer = Task {
      try? await Task.sleep(for: timeout)
      if !Task.isCancelled, outcome.set(.timedOut) { interrupt() }
    }
    defer { timer.cancel() }
    if let outcome = await outcome.wait() { return outcome }
    if outcome.set(.cancelled) { interrupt() }
    return .cancelled
  }
}
