import Testing

@testable import PostgresClient

@Suite struct ConnectPlanTests {
  private func endpoint(_ host: String, _ port: String = "1") -> Endpoint { Endpoint(host: host, address: "", port: port) }
  private func failure(_ kind: PostgresError.ConnectAttempt.Kind) -> PostgresError.ConnectAttempt {
    .init(host: "h", port: "1", reason: "why", sqlState: nil, kind: kind)
  }

  private func address(_ address: String) -> Endpoint { Endpoint(host: "name", address: address, port: "1") }

  @Test func hostsAreTriedInOrderAndEachAddressOfAName() {
    var plan = ConnectPlan([endpoint("10.0.0.1"), endpoint("name"), endpoint("10.0.0.2")], lastGood: nil)
    #expect(plan.begin() == [endpoint("10.0.0.1")])
    #expect(plan.handle(.failed(failure(.network))) == [endpoint("10.0.0.2")])
    #expect(plan.handle(.resolved(endpoint("name"), ["::1", "127.0.0.1"])) == [])
    #expect(plan.handle(.failed(failure(.timedOut))) == [address("::1")])
    #expect(plan.handle(.failed(failure(.network))) == [address("127.0.0.1")])
    #expect(!plan.isOver)
    #expect(plan.handle(.failed(failure(.network))) == [])
    #expect(plan.isOver && plan.failures.map(\.kind) == [.network, .timedOut, .network, .network])
  }

  @Test func theNextOneDoesNotWaitForOneThatIsSilent() {
    var plan = ConnectPlan([endpoint("10.0.0.1"), endpoint("10.0.0.2"), endpoint("10.0.0.3")], lastGood: nil)
    #expect(plan.begin() == [endpoint("10.0.0.1")])
    #expect(plan.handle(.staggered(since: 1)) == [endpoint("10.0.0.2")])
    #expect(plan.handle(.failed(failure(.network))) == [endpoint("10.0.0.3")])
    #expect(plan.handle(.staggered(since: 2)) == [], "another has begun since")
    #expect(plan.handle(.staggered(since: 3)) == [] && !plan.isOver)
  }

  @Test func theLastGoodAddressIsFirst() {
    var plan = ConnectPlan([endpoint("10.0.0.1"), endpoint("10.0.0.2")], lastGood: endpoint("10.0.0.2"))
    #expect(plan.begin() == [endpoint("10.0.0.2")])
    var resolving = ConnectPlan([endpoint("10.0.0.1"), endpoint("name")], lastGood: address("127.0.0.1"))
    #expect(resolving.begin() == [endpoint("10.0.0.1")])
    #expect(resolving.handle(.resolved(endpoint("name"), ["::1", "127.0.0.1"])) == [address("127.0.0.1")])
  }

  /// Otherwise the addresses of a family that goes nowhere would cost a stagger each.
  @Test func theFamiliesOfANameTakeTurns() {
    func order(_ addresses: [String]) -> [String] {
      var plan = ConnectPlan([endpoint("name")], lastGood: nil)
      var begun = plan.begin() + plan.handle(.resolved(endpoint("name"), addresses))
      while !plan.isOver { begun += plan.handle(.failed(failure(.network))) }
      return begun.map(\.address)
    }
    #expect(order(["100::1", "100::2", "100::3", "10.0.0.1"]) == ["100::1", "10.0.0.1", "100::2", "100::3"])
    #expect(order(["10.0.0.1", "10.0.0.2", "100::1"]) == ["10.0.0.1", "100::1", "10.0.0.2"])
    #expect(order(["10.0.0.2", "10.0.0.1"]) == ["10.0.0.2", "10.0.0.1"])
  }

  @Test func aNameThatIsUnknownIsAFailure() {
    var plan = ConnectPlan([endpoint("name")], lastGood: nil)
    #expect(plan.begin() == [] && !plan.isOver)
    #expect(plan.handle(.resolved(endpoint("name"), [])) == [])
    #expect(plan.isOver && plan.failures.map(\.kind) == [.nameNotFound])
  }

  @Test func aRefusedPasswordEndsThePlanButForWhatRuns() {
    var plan = ConnectPlan([endpoint("10.0.0.1"), endpoint("10.0.0.2"), endpoint("10.0.0.3")], lastGood: nil)
    _ = plan.begin()
    _ = plan.handle(.staggered(since: 1))
    #expect(plan.handle(.failed(failure(.authentication))) == [])
    #expect(!plan.isOver)
    _ = plan.handle(.failed(failure(.network)))
    #expect(plan.isOver)
  }

  @Test func failuresAreClassified() {
    #expect(PostgresError.ConnectAttempt.classify(text: "x", sqlState: .invalidPassword) == .authentication)
    #expect(PostgresError.ConnectAttempt.classify(text: "x", sqlState: .tooManyConnections) == .refused)
    #expect(PostgresError.ConnectAttempt.classify(text: "session is read-only", sqlState: nil) == .notAcceptable)
    #expect(PostgresError.ConnectAttempt.classify(text: "SSL error: certificate verify failed", sqlState: nil) == .tls)
    #expect(PostgresError.ConnectAttempt.classify(text: "Connection refused", sqlState: nil) == .network)
    #expect(PostgresError.ConnectAttempt.classify(text: "fe_sendauth: no password supplied", sqlState: nil) == .authentication)
  }

  /// `localhost` often has two addresses, and the server listens on one.
  @Test func aRefusedCertificateIsNamedWhenAnotherAddressDidNotAnswer() throws {
    let settings = try ConnectionSettings("postgres://u@localhost/d")
    func attempt(_ kind: PostgresError.ConnectAttempt.Kind, _ reason: String) -> PostgresError.ConnectAttempt {
      .init(host: "localhost", port: "5432", reason: reason, sqlState: nil, kind: kind)
    }
    let (silent, untrusted) = (attempt(.network, "Connection refused"), attempt(.tls, "certificate verify failed"))
    let mixed = PostgresError([silent, untrusted], connectingTo: settings)
    #expect(mixed.code == .connectionFailed && mixed.message.contains("Check sslmode, sslrootcert"), "\(mixed)")
    #expect(PostgresError([untrusted], connectingTo: settings).code == .tlsFailed)
    #expect(!PostgresError([silent], connectingTo: settings).message.contains("sslmode"))
  }

  @Test func aServerThatOnlyReadsIsNoServerThatDoesNotAnswer() throws {
    let settings = try ConnectionSettings("postgres://u@h/d?target_session_attrs=primary")
    let refused = PostgresError([failure(.network), failure(.notAcceptable)], connectingTo: settings)
    #expect(refused.code == .connectionFailed && refused.message.contains("Name the server that target_session_attrs=primary asks for"))
    #expect(PostgresError([failure(.network)], connectingTo: settings).message.hasSuffix("Check that the server runs and can be reached."))
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
