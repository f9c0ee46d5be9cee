import CLibPQ

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Carries out a `ConnectPlan`. Names are resolved, and each address is tried, on a helper thread: looking up, TLS and SCRAM would
/// hold up the event loop. No step takes longer than the settings' `connectTimeout`.
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
      case .resolve(let endpoint):
        let addresses = await resolve(endpoint.host, timeout: settings.connectTimeout)
        if addresses.isEmpty {
          plan.failed(failure(endpoint, "the name could not be resolved", kind: .nameNotFound))
        } else {
          plan.resolved(addresses)
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
    guard let interruption = WakePipe() else { return .failed(text: "this process is out of file descriptors") }
    // The thread keeps the deadline; this one is for a thread that hangs in a look-up of libpq's own.
    let outcome = await BlockingCall.run(
      timeout: settings.connectTimeout + .milliseconds(500), interrupt: { interruption.signal() },
      body: { drive(options, deadline: deadline, interruption: interruption) })
    switch outcome {
    case .value(let value): return value
    case .timedOut: return .timedOut
    case .cancelled: return .failed(text: "cancelled")
    case .noThread: return .failed(text: "this process cannot start another thread")
    }
  }

  /// `PQconnectStart` and `PQconnectPoll` (PostgreSQL manual, "Database Connection Control Functions"). Blocks in `poll` only.
  private static func drive(_ options: ConninfoOptions, deadline: ContinuousClock.Instant, interruption: WakePipe) -> AttemptOutcome {
    guard let handle = ConnectionHandle.start(options) else { return .failed(text: "out of memory") }
    var wanted = PGRES_POLLING_WRITING
    if handle.isFailedStart { return .failed(text: handle.errorText) }
    while true {
      let events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT
      // The socket changes when libpq tries again without TLS.
      var set = [
        pollfd(fd: handle.socket, events: Int16(events), revents: 0), pollfd(fd: interruption.readEnd, events: Int16(POLLIN), revents: 0),
      ]
      let count = poll(&set, 2, PollSet.milliseconds(from: .now, to: deadline))
      if count == 0, ContinuousClock.now >= deadline { return .timedOut }
      if count > 0, set[1].revents != 0 { return .timedOut }
      guard count > 0 else { continue }
      wanted = handle.connectPoll()
      switch wanted {
      case PGRES_POLLING_OK: return handle.becomeNonBlocking() ? .connected(handle) : .failed(text: handle.errorText)
      case PGRES_POLLING_FAILED: return .failed(text: handle.errorText)
      default: break
      }
    }
  }

  /// Empty when the name is unknown or the look-up takes too long. Blocks a helper thread only.
  private static func resolve(_ host: String, timeout: Duration) async -> [String] {
    let outcome = await BlockingCall.run(timeout: timeout, body: { lookUp(host) })
    if case .value(let addresses) = outcome { return addresses }
    return []
  }

  private static func lookUp(_ host: String) -> [String] {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [String] = []
    var item = list
    while let info = item?.pointee {
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer -> String? in
        guard let base = buffer.baseAddress,
          getnameinfo(info.ai_addr, info.ai_addrlen, base, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(cString: base)
      }
      if let text, !addresses.contains(text) { addresses.append(text) }
      item = info.ai_next
    }
    return addresses
  }
}
