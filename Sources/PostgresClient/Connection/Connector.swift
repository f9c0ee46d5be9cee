import CLibPQ
import SystemSupport

/// Carries out a `ConnectPlan`. Helper threads resolve names and try addresses: look-up, TLS and SCRAM would hold up the event loop. No
/// step takes longer than the settings' `connectTimeout`.
enum Connector {
  private enum Outcome: Sendable {
    case connected(ConnectionHandle, Endpoint)
    case event(ConnectPlan.Event)
  }

  /// The first server that answers and is acceptable. `prefer-standby` goes round twice.
  static func connect(_ settings: ConnectionSettings) async throws(PostgresError) -> ConnectionHandle {
    var settings = settings
    settings.connectTimeout = max(ContinuousClock.now.duration(to: CallLimit.deadline(settings.connectTimeout)), .milliseconds(1))
    let wanted = settings.sessionAttributes
    var failures: [PostgresError.ConnectAttempt] = []
    for attributes in wanted == "prefer-standby" ? ["standby", "any"] : [wanted] {
      let (handle, failed) = await race(settings, attributes)
      if let handle { return handle }
      if Task.isCancelled { throw PostgresError(.cancelled, "Connecting was cancelled.") }
      failures += failed
      if failed.contains(where: { $0.kind == .authentication }) { break }
    }
    throw PostgresError(failures, connectingTo: settings)
  }

  private static func race(
    _ settings: ConnectionSettings, _ attributes: String
  ) async -> (ConnectionHandle?, [PostgresError.ConnectAttempt]) {
    let endpoints = settings.shufflesHosts ? settings.endpoints.shuffled() : settings.endpoints
    var plan = ConnectPlan(endpoints, lastGood: settings.shufflesHosts ? nil : settings.lastGood.endpoint)
    // Leaving the group cancels what still runs; a connection that comes all the same is closed with its handle.
    return await withTaskGroup(of: Outcome.self) { group in
      func begin(_ endpoints: [Endpoint]) {
        for endpoint in endpoints {
          group.addTask { await attempt(endpoint, attributes, settings) }
          group.addTask { [number = plan.begun] in
            try? await Task.pause(for: ConnectPlan.stagger)
            return .event(.staggered(since: number))
          }
        }
      }
      for endpoint in endpoints where endpoint.needsResolving {
        group.addTask {
          let outcome = await BlockingCall.run(timeout: settings.connectTimeout) { addresses(of: endpoint.host) }
          return if case .value(let addresses) = outcome { .event(.resolved(endpoint, addresses)) } else { .event(.resolved(endpoint, [])) }
        }
      }
      begin(plan.begin())
      while !plan.isOver, let outcome = await group.next() {
        switch outcome {
        case .connected(let handle, let endpoint):
          group.cancelAll()
          settings.lastGood.endpoint = endpoint
          return (handle, plan.failures)
        case .event(let event): if !Task.isCancelled { begin(plan.handle(event)) }
        }
      }
      group.cancelAll()
      return (nil, plan.failures)
    }
  }

  private static func attempt(_ endpoint: Endpoint, _ attributes: String, _ settings: ConnectionSettings) async -> Outcome {
    let options = settings.attemptOptions(for: endpoint, sessionAttributes: attributes)
    let deadline = ContinuousClock.now + settings.connectTimeout
    func failed(_ reason: String, _ kind: PostgresError.ConnectAttempt.Kind = .network) -> Outcome {
      .event(.failed(.init(endpoint, reason, kind)))
    }
    guard let interruption = try? WakePipe() else { return failed("this process is out of file descriptors") }
    // The thread keeps the deadline; this timeout is for a thread that hangs in a look-up of libpq's own.
    let outcome = await BlockingCall.run(
      timeout: settings.connectTimeout + .milliseconds(500), interrupt: { interruption.wake() },
      body: {
        drive(options, deadline: deadline, interruption: interruption) { settings.lastGood.hasAnswered.store(true, ordering: .relaxed) }
      })
    return switch outcome {
    case .value(.connected(let handle)): .connected(handle, endpoint)
    case .value(.failed(let text)): .event(.failed(.init(endpoint, settings.sanitizer.clean(text))))
    case .value(.timedOut), .timedOut: failed("no answer within \(settings.connectTimeout)", .timedOut)
    case .cancelled: failed("cancelled")
    case .noThread: failed("this process cannot start another thread")
    }
  }

  private enum Driven: Sendable {
    case connected(ConnectionHandle)
    case failed(text: String)
    case timedOut
  }

  /// `PQconnectStart` and `PQconnectPoll` (PostgreSQL manual, "Database Connection Control Functions").
  private static func drive(
    _ options: ConninfoOptions, deadline: ContinuousClock.Instant, interruption: WakePipe, answered: () -> Void
  ) -> Driven {
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
      if wanted == PGRES_POLLING_READING { answered() }
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
      try? await Task.pause(for: timeout)
      if !Task.isCancelled, outcome.set(.timedOut) { interrupt() }
    }
    defer { timer.cancel() }
    if let outcome = await outcome.wait() { return outcome }
    if outcome.set(.cancelled) { interrupt() }
    return .cancelled
  }
}
