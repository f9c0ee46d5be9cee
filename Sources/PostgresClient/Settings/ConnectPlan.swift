import SystemSupport

/// Which address to try when. A value: the connector reports what happened and starts what it is told to.
///
/// The last good address is tried first, then each host in order with each of its addresses, IPv6 and IPv4 in turn: one of them may go
/// nowhere (RFC 8305, section 4). The next attempt begins when one has failed, or when `stagger` has passed since the last one began, without
/// waiting for that. After a server has refused the user, the password or the database, nothing more is begun, as in libpq (PostgreSQL manual,
/// "Specifying Multiple Hosts").
struct ConnectPlan {
  typealias Attempt = PostgresError.ConnectAttempt

  /// From the beginning of an attempt to that of the next.
  static let stagger = Duration.milliseconds(250)

  enum Event {
    /// The addresses of an endpoint's name.
    case resolved(Endpoint, [String])
    case failed(Attempt)
    /// `stagger` after the attempt that was begun as this number.
    case staggered(since: Int)
  }

  private let lastGood: Endpoint?
  private var waiting: [Endpoint] = []
  private var unresolved: Int
  private var running = 0
  private(set) var begun = 0
  private(set) var failures: [Attempt] = []

  /// - Parameter endpoints: those that need no look-up may begin; for each of the others the caller reports what its look-up found.
  init(_ endpoints: [Endpoint], lastGood: Endpoint?) {
    self.lastGood = lastGood
    unresolved = endpoints.count { $0.needsResolving }
    add(endpoints.filter { !$0.needsResolving })
  }

  /// Nothing runs and nothing is left to try.
  var isOver: Bool { unresolved == 0 && running == 0 && waiting.isEmpty }

  /// The attempts that are to begin now.
  mutating func begin() -> [Endpoint] { beginNext(unlessBusy: true) }

  mutating func handle(_ event: Event) -> [Endpoint] {
    switch event {
    case .resolved(let endpoint, let addresses):
      unresolved -= 1
      if addresses.isEmpty { failures.append(Attempt(endpoint, "the name could not be resolved", .nameNotFound)) }
      add(
        Self.alternating(addresses).map { address in
          var one = endpoint
          one.address = address
          return one
        })
      return beginNext(unlessBusy: waiting.first != lastGood)
    case .failed(let attempt):
      running -= 1
      failures.append(attempt)
      return beginNext(unlessBusy: false)
    case .staggered(let number): return number == begun ? beginNext(unlessBusy: false) : []
    }
  }

  private mutating func add(_ endpoints: [Endpoint]) {
    waiting += endpoints
    if let index = waiting.firstIndex(where: { $0 == lastGood }) { waiting.swapAt(0, index) }
  }

  /// Begins with the family of the first.
  private static func alternating(_ addresses: [String]) -> [String] {
    let isIPv6 = addresses.first?.contains(":")
    let families = [addresses.filter { $0.contains(":") == isIPv6 }, addresses.filter { $0.contains(":") != isIPv6 }]
    return addresses.indices.flatMap { index in families.compactMap { index < $0.count ? $0[index] : nil } }
  }

  private mutating func beginNext(unlessBusy: Bool) -> [Endpoint] {
    if failures.contains(where: { $0.kind == .authentication }) { waiting = [] }
    guard !waiting.isEmpty, running == 0 || !unlessBusy else { return [] }
    running += 1
    begun += 1
    return [waiting.removeFirst()]
  }
}

extension PostgresError.ConnectAttempt {
  init(_ endpoint: Endpoint, _ reason: String, _ kind: Kind, sqlState: SQLState? = nil) {
    let address = endpoint.address.isEmpty || endpoint.address == endpoint.host ? "" : " (\(endpoint.address))"
    self.init(host: endpoint.shownHost + address, port: endpoint.shownPort, reason: reason, sqlState: sqlState, kind: kind)
  }

  /// From what libpq says, by SQLSTATE if there is one. libpq's own texts are English, because `setlocale` is never called.
  init(_ endpoint: Endpoint, _ said: MessageSanitizer.Cleaned) {
    self.init(endpoint, said.text, Self.classify(text: said.text, sqlState: said.sqlState), sqlState: said.sqlState)
  }

  static func classify(text: String, sqlState: SQLState?) -> Kind {
    if let sqlState {
      if sqlState.classCode == "28" || sqlState == .invalidCatalogName || sqlState == .insufficientPrivilege { return .authentication }
      return .refused
    }
    if text.contains("session is") || text.contains("server is in hot standby") || text.contains("server is not in hot standby") {
      return .notAcceptable
    }
    let missingCredentials = ["no password supplied", "authentication method", "SCRAM", "SASL"]
    if missingCredentials.contains(where: { text.contains($0) }) { return .authentication }
    let tls = ["certificate", "SSL", "TLS"]
    if tls.contains(where: { text.contains($0) }), !text.contains("SYSCALL") { return .tls }
    return .network
  }
}

extension PostgresError {
  /// Connecting failed in each of these ways.
  init(_ failures: [ConnectAttempt], connectingTo settings: ConnectionSettings) {
    let what = "Cannot connect to Postgres at \(settings.redactedDescription)"
    let reasons = failures.map(\.description).joined(separator: "; ")
    if let refused = failures.last(where: { $0.kind == .authentication }) {
      self.init(.authenticationFailed, "\(what): \(refused.reason). Check user, password and database name.", attempts: failures)
    } else if failures.contains(where: { $0.kind == .tls }) {
      // Where another address could not be reached, it may be worth trying again.
      let code: Code = failures.allSatisfy { $0.kind == .tls } ? .tlsFailed : .connectionFailed
      self.init(code, "\(what): \(reasons). Check sslmode, sslrootcert and the server's certificate.", attempts: failures)
    } else {
      let advice =
        failures.contains { $0.kind == .notAcceptable }
        ? "Name the server that target_session_attrs=\(settings.sessionAttributes) asks for, and check that it can be reached."
        : "Check that the server runs and can be reached."
      self.init(.connectionFailed, "\(what): \(reasons). \(advice)", attempts: failures)
    }
  }
}
