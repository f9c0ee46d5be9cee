/// Which address to try next. Pure: the caller reports the result of each step.
///
/// As libpq does (PostgreSQL manual, "Specifying Multiple Hosts"): hosts in order, each address of a host in order, the rest not
/// tried once a server refused the user, password or database; `prefer-standby` goes round twice.
struct ConnectPlan {
  enum Step: Equatable {
    /// Look the host's name up, then call `resolved` or `failed`.
    case resolve(Endpoint, sessionAttributes: String)
    /// Connect to one address, then stop or call `failed`.
    case connect(Endpoint, sessionAttributes: String)
    case giveUp([PostgresError.ConnectAttempt])
  }

  private var pending: [Step]
  private(set) var failures: [PostgresError.ConnectAttempt] = []
  private var current: Step?

  init(endpoints: [Endpoint], sessionAttributes: String) {
    let rounds = sessionAttributes == "prefer-standby" ? ["standby", "any"] : [sessionAttributes]
    pending = rounds.flatMap { round in
      endpoints.map { $0.needsResolving ? .resolve($0, sessionAttributes: round) : .connect($0, sessionAttributes: round) }
    }
  }

  mutating func next() -> Step {
    guard !pending.isEmpty else { return .giveUp(failures) }
    let step = pending.removeFirst()
    current = step
    return step
  }

  /// The addresses of the host of the last `resolve` step, tried next and in this order.
  mutating func resolved(_ addresses: [String]) {
    guard case .resolve(let endpoint, let attributes) = current else { return }
    let steps = addresses.map { address in
      var one = endpoint
      one.address = address
      return Step.connect(one, sessionAttributes: attributes)
    }
    pending.insert(contentsOf: steps, at: 0)
  }

  mutating func failed(_ attempt: PostgresError.ConnectAttempt) {
    failures.append(attempt)
    if attempt.kind == .authentication { pending = [] }
  }

  /// The kind of a failed attempt, by SQLSTATE if there is one. libpq's own texts are English, because `setlocale` is never called.
  static func classify(text: String, sqlState: SQLState?) -> PostgresError.ConnectAttempt.Kind {
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

  static func error(_ failures: [PostgresError.ConnectAttempt], settings: ConnectionSettings) -> PostgresError {
    let what = "Cannot connect to Postgres at \(settings.redactedDescription)"
    let reasons = failures.map(\.description).joined(separator: "; ")
    if let refused = failures.last(where: { $0.kind == .authentication }) {
      return PostgresError(
        .authenticationFailed, "\(what): \(refused.reason). Check user, password and database name.", attempts: failures)
    }
    if failures.contains(where: { $0.kind == .tls }) {
      // Where another address could not be reached, it may be worth trying again.
      let code: PostgresError.Code = failures.allSatisfy { $0.kind == .tls } ? .tlsFailed : .connectionFailed
      return PostgresError(code, "\(what): \(reasons). Check sslmode, sslrootcert and the server's certificate.", attempts: failures)
    }
    let advice =
      failures.contains { $0.kind == .notAcceptable }
      ? "Name the server that target_session_attrs=\(settings.sessionAttributes) asks for, and check that it can be reached."
      : "Check that the server runs and can be reached."
    return PostgresError(.connectionFailed, "\(what): \(reasons). \(advice)", attempts: failures)
  }
}
