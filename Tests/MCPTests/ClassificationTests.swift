import JSON
import Testing

@testable import MCP

@Suite struct ClassificationTests {
  private static let empty: JSON = [:]

  private func classify(
    _ method: String, _ params: JSON, agreed: Revision? = nil, policy: ProtocolPolicy = .auto
  ) -> Result<Classification, RPCError> {
    Result { () throws(RPCError) in
      try Classification.of(method: method, params: params.objectValue ?? [:], agreed: agreed, policy: policy)
    }
  }

  @Test(
    arguments: [
      ("tools/list", perRequest(), Revision?.none, Classification.served(.july2026)),
      ("tools/list", perRequest(), .march2025, .served(.july2026)),
      ("server/discover", perRequest(), nil, .served(.july2026)),
      ("ping", perRequest(), nil, .served(.july2026)),
      ("initialize", perRequest(), nil, .served(.july2026)),
      ("initialize", [:], nil, .handshake),
      ("initialize", [:], .june2025, .handshake),
      ("ping", [:], nil, .served(.november2025)),
      ("ping", [:], .november2024, .served(.november2024)),
      ("tools/list", [:], .june2025, .served(.june2025)),
      ("tools/list", ["_meta": ["progressToken": 1]], .june2025, .served(.june2025)),
      ("tools/list", perRequest(version: nil, capabilities: nil), .june2025, .served(.june2025)),
    ] as [(String, JSON, Revision?, Classification)])
  func eachRequestIsClassifiedByItself(_ method: String, _ params: JSON, _ agreed: Revision?, _ expected: Classification) {
    #expect(classify(method, params, agreed: agreed) == .success(expected))
  }

  @Test(
    arguments: [
      ("tools/list", empty, RPCError.Code.invalidRequest),
      ("no/such", [:], .invalidRequest),
      ("server/discover", [:], .invalidParams),
      ("server/discover", ["_meta": nil], .invalidParams),
      ("server/discover", ["_meta": []], .invalidParams),
      ("subscriptions/listen", ["_meta": [:]], .invalidParams),
      ("tools/list", perRequest(version: nil), .invalidParams),
      ("tools/list", perRequest(version: 20_260_728), .invalidParams),
      ("tools/list", perRequest(version: .null), .invalidParams),
      ("tools/list", perRequest(capabilities: nil), .invalidParams),
      ("tools/list", perRequest(capabilities: []), .invalidParams),
      ("tools/list", perRequest(version: "2025-11-25"), .unsupportedProtocolVersion),
      ("tools/list", perRequest(version: ""), .unsupportedProtocolVersion),
      ("server/discover", perRequest(version: "2099-01-01"), .unsupportedProtocolVersion),
    ] as [(String, JSON, RPCError.Code)])
  func whatFitsNoEraIsRefused(_ method: String, _ params: JSON, _ code: RPCError.Code) {
    guard case .failure(let error) = classify(method, params) else {
      Issue.record("\(method) was accepted")
      return
    }
    #expect(error.code == code)
  }

  @Test func anUnsupportedVersionNamesWhatIsSupportedAndWhatWasRequested() {
    guard case .failure(let error) = classify("tools/list", perRequest(version: "1900-01-01")) else {
      Issue.record("accepted")
      return
    }
    #expect(error.data == ["supported": ["2026-07-28"], "requested": "1900-01-01"])
  }

  @Test func claudeCodeIsOfferedTheHandshakeEraOnly() {
    #expect(throws: RPCError.self) { try classify("server/discover", perRequest(client: "claude-code")).get() }
    guard case .failure(let error) = classify("server/discover", perRequest(client: "claude-code")) else { return }
    #expect(error.code == .methodNotFound)
    #expect(classify("tools/list", perRequest(client: "claude-code"), agreed: .november2025) == .success(.served(.november2025)))
    #expect(classify("server/discover", perRequest(client: "claude-coder")) == .success(.served(.july2026)))
  }

  @Test func theHandshakePolicyKnowsNoOtherEra() {
    guard case .failure(let error) = classify("server/discover", perRequest(), policy: .handshake) else {
      Issue.record("accepted")
      return
    }
    #expect(error.code == .methodNotFound)
    #expect(classify("tools/list", perRequest(), agreed: .june2025, policy: .handshake) == .success(.served(.june2025)))
    #expect(classify("initialize", perRequest(), policy: .handshake) == .success(.handshake))
  }

  @Test(arguments: ["2025-11-25", "2026-07-28"])
  func whoWantsAHandshakeIsToldThatThereIsNone(_ version: String) {
    #expect(
      classify("initialize", ["protocolVersion": .string(version)], policy: .perRequest)
        == .failure(
          RPCError(
            .unsupportedProtocolVersion,
            "There is no handshake here, and each request names its protocol version in its _meta: use 2026-07-28.",
            data: ["supported": ["2026-07-28"], "requested": .string(version)])))
  }

  @Test(
    arguments: [
      ("initialize", ["protocolVersion": "2025-11-25"], .unsupportedProtocolVersion), ("initialize", empty, .invalidParams),
      ("ping", [:], .invalidParams), ("tools/list", [:], .invalidParams),
    ] as [(String, JSON, RPCError.Code)])
  func thePerRequestPolicyRefusesTheHandshakeEra(_ method: String, _ params: JSON, _ code: RPCError.Code) {
    guard case .failure(let error) = classify(method, params, policy: .perRequest) else {
      Issue.record("accepted")
      return
    }
    #expect(error.code == code)
    #expect(classify("server/discover", perRequest(client: "claude-code"), policy: .perRequest) == .success(.served(.july2026)))
  }

  @Test(
    arguments: [("auto", .auto), ("handshake", .handshake), ("per-request", .perRequest), ("stateless", .perRequest), ("both", nil)]
      as [(String, ProtocolPolicy?)])
  func aPolicyIsNamedByItsEra(_ name: String, _ policy: ProtocolPolicy?) {
    #expect(ProtocolPolicy(name: name) == policy)
  }

  @Test(arguments: [
    ("2024-11-05", Revision.november2024), ("2025-03-26", .march2025), ("2025-06-18", .june2025), ("2025-11-25", .november2025),
    ("2026-07-28", .november2025), ("1999-01-01", .november2025), ("", .november2025), ("banana", .november2025),
  ])
  func initializeAgreesOnTheRevisionAskedForOrTheLatest(_ asked: String, _ revision: Revision) {
    #expect(Revision.negotiated(asked: asked) == revision)
  }

  @Test(arguments: [
    (#"42"#, Incoming.invalid(nil, RPCError(.invalidRequest, "A message must be a JSON object."))),
    (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, .response),
    (#"{"jsonrpc":"2.0","error":{}}"#, .response),
    (#"{"jsonrpc":"2.0","method":"m"}"#, .notification(method: "m", params: [:])),
    (#"{"jsonrpc":"2.0","method":"m","params":[]}"#, .notification(method: "m", params: [:])),
    (#"{"jsonrpc":"2.0","id":1.0,"method":"m"}"#, .request(.init(id: .integer(1), method: "m", params: [:]))),
    (#"{"jsonrpc":"2.0","id":"1","method":"m","params":{"a":1}}"#, .request(.init(id: .string("1"), method: "m", params: ["a": 1]))),
  ])
  func messagesAreToldApartByTheirShape(_ text: String, _ message: Incoming) throws {
    #expect(Incoming(try JSON(decoding: text)) == message)
  }

  @Test(arguments: [
    (#"{}"#, RequestID?.none, RPCError.Code.invalidRequest), (#"{"jsonrpc":"2.0","id":7}"#, .integer(7), .invalidRequest),
    (#"{"id":7,"method":"m"}"#, .integer(7), .invalidRequest), (#"{"jsonrpc":2.0,"id":7,"method":"m"}"#, .integer(7), .invalidRequest),
    (#"{"jsonrpc":"2.0","id":7,"method":null}"#, .integer(7), .invalidRequest),
    (#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, nil, .invalidRequest),
    (#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, nil, .invalidRequest),
    (#"{"jsonrpc":"2.0","id":1000000000000000000000000000007,"method":"m"}"#, nil, .invalidRequest),
    (#"{"jsonrpc":"2.0","id":"\ud83d","method":"m"}"#, nil, .invalidRequest),
    (#"{"jsonrpc":"2.0","id":7,"method":"m\ud83d"}"#, .integer(7), .invalidRequest),
    (#"{"jsonrpc":"2.0","id":"x","method":"m","params":[]}"#, .string("x"), .invalidParams),
    (#"{"jsonrpc":"2.0","id":"x","method":"m","params":null}"#, .string("x"), .invalidParams),
  ])
  func whatIsNoMessageIsRefusedWithItsIdWhereThatCanBeRead(_ text: String, _ id: RequestID?, _ code: RPCError.Code) throws {
    guard case .invalid(let found, let error) = Incoming(try JSON(decoding: text)) else {
      Issue.record("accepted")
      return
    }
    #expect(found == id)
    #expect(error.code == code)
  }

  @Test func idsAreTheSameOnlyWithTheirTypeAndTheirBytes() {
    #expect(RequestID("5") != RequestID(5))
    #expect(RequestID(.number(5)) == RequestID(5))
    #expect(RequestID("\u{e9}") != RequestID("e\u{301}"))
    #expect(RequestID(true) == nil)
  }
}
