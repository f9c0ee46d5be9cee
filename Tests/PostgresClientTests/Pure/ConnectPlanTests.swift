import Testing

@testable import PostgresClient

@Suite struct ConnectPlanTests {
  private func endpoint(_ host: String, _ port: String = "1") -> Endpoint { Endpoint(host: host, address: "", port: port) }
  private func failure(_ kind: PostgresError.ConnectAttempt.Kind) -> PostgresError.ConnectAttempt {
    .init(host: "h", port: "1", reason: "why", sqlState: nil, kind: kind)
  }

  @Test func hostsAreTriedInOrderAndEachAddressOfAName() {
    var plan = ConnectPlan(endpoints: [endpoint("name"), endpoint("10.0.0.1")], sessionAttributes: "read-write")
    #expect(plan.next() == .resolve(endpoint("name"), sessionAttributes: "read-write"))
    plan.resolved(["::1", "127.0.0.1"])
    for address in ["::1", "127.0.0.1"] {
      #expect(plan.next() == .connect(Endpoint(host: "name", address: address, port: "1"), sessionAttributes: "read-write"))
      plan.failed(failure(.network))
    }
    #expect(plan.next() == .connect(endpoint("10.0.0.1"), sessionAttributes: "read-write"))
    plan.failed(failure(.timedOut))
    #expect(plan.next() == .giveUp([failure(.network), failure(.network), failure(.timedOut)]))
  }

  @Test func aRefusedPasswordEndsThePlan() {
    var plan = ConnectPlan(endpoints: [endpoint("10.0.0.1"), endpoint("10.0.0.2")], sessionAttributes: "any")
    _ = plan.next()
    plan.failed(failure(.authentication))
    #expect(plan.next() == .giveUp([failure(.authentication)]))
  }

  @Test func preferStandbyGoesRoundTwice() {
    var plan = ConnectPlan(endpoints: [endpoint("10.0.0.1"), endpoint("name")], sessionAttributes: "prefer-standby")
    #expect(plan.next() == .connect(endpoint("10.0.0.1"), sessionAttributes: "standby"))
    plan.failed(failure(.notAcceptable))
    #expect(plan.next() == .resolve(endpoint("name"), sessionAttributes: "standby"))
    plan.resolved(["10.0.0.2"])
    #expect(plan.next() == .connect(Endpoint(host: "name", address: "10.0.0.2", port: "1"), sessionAttributes: "standby"))
    plan.failed(failure(.notAcceptable))
    #expect(plan.next() == .connect(endpoint("10.0.0.1"), sessionAttributes: "any"))
  }

  @Test func failuresAreClassified() {
    #expect(ConnectPlan.classify(text: "x", sqlState: .invalidPassword) == .authentication)
    #expect(ConnectPlan.classify(text: "x", sqlState: .tooManyConnections) == .refused)
    #expect(ConnectPlan.classify(text: "session is read-only", sqlState: nil) == .notAcceptable)
    #expect(ConnectPlan.classify(text: "SSL error: certificate verify failed", sqlState: nil) == .tls)
    #expect(ConnectPlan.classify(text: "Connection refused", sqlState: nil) == .network)
    #expect(ConnectPlan.classify(text: "fe_sendauth: no password supplied", sqlState: nil) == .authentication)
  }

  /// `localhost` often has two addresses, and the server listens on one.
  @Test func aRefusedCertificateIsNamedWhenAnotherAddressDidNotAnswer() throws {
    let settings = try ConnectionSettings("postgres://u@localhost/d")
    func attempt(_ kind: PostgresError.ConnectAttempt.Kind, _ reason: String) -> PostgresError.ConnectAttempt {
      .init(host: "localhost", port: "5432", reason: reason, sqlState: nil, kind: kind)
    }
    let (silent, untrusted) = (attempt(.network, "Connection refused"), attempt(.tls, "certificate verify failed"))
    let mixed = ConnectPlan.error([silent, untrusted], settings: settings)
    #expect(mixed.code == .connectionFailed && mixed.message.contains("Check sslmode, sslrootcert"), "\(mixed)")
    #expect(ConnectPlan.error([untrusted], settings: settings).code == .tlsFailed)
    #expect(!ConnectPlan.error([silent], settings: settings).message.contains("sslmode"))
  }

  @Test func aServerThatOnlyReadsIsNoServerThatDoesNotAnswer() throws {
    let settings = try ConnectionSettings("postgres://u@h/d?target_session_attrs=primary")
    let refused = ConnectPlan.error([failure(.network), failure(.notAcceptable)], settings: settings)
    #expect(refused.code == .connectionFailed && refused.message.contains("Name the server that target_session_attrs=primary asks for"))
    #expect(ConnectPlan.error([failure(.network)], settings: settings).message.hasSuffix("Check that the server runs and can be reached."))
  }

  @Test func backoffIsWithinItsBoundsAndGrows() {
    var backoff = Backoff()
    #expect(backoff.next(random: 0.99) == .milliseconds(100))
    for _ in 0..<100 { _ = backoff.next(random: 0.5) }
    #expect(backoff.next(random: 0) == .milliseconds(100))
    #expect(backoff.next(random: 1) == .seconds(30))
    backoff.reset()
    #expect(backoff.next(random: 1) == .milliseconds(100))
    #expect(backoff.next(random: 1) == .milliseconds(200))
  }
}
