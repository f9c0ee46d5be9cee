import JSON

/// Which era and revision a request belongs to, decided for each request by itself (docs/protocol.md).
enum Classification: Hashable, Sendable {
  case served(Revision)
  /// The handshake itself.
  case handshake

  /// - Parameter agreed: the revision of the handshake, if there was one.
  static func of(method: String, params: JSONObject, agreed: Revision?, policy: ProtocolPolicy) throws(RPCError) -> Classification {
    let meta = params["_meta"]?.objectValue
    let offered = policy.eras(for: ClientInfo(meta?[MetaKey.clientInfo]))
    let belongsToPerRequest = perRequestOnly.contains(method)
    let isMarked = meta?[MetaKey.protocolVersion] != nil || meta?[MetaKey.clientCapabilities] != nil
    if offered.contains(.perRequest), belongsToPerRequest || isMarked || !offered.contains(.handshake) {
      if !belongsToPerRequest, !isMarked, method == Method.initialize.rawValue { throw noHandshake(params["protocolVersion"]) }
      return .served(try perRequestRevision(meta))
    }
    if belongsToPerRequest { throw RPCError(.methodNotFound, "The method \(method) is not served to this client: use initialize.") }
    if method == Method.initialize.rawValue { return .handshake }
    if let agreed { return .served(agreed) }
    if method == Method.ping.rawValue { return .served(.latestHandshake) }
    throw RPCError(.invalidRequest, "The connection is not initialized: send initialize first.")
  }

  /// Methods that only the per-request era has.
  private static let perRequestOnly = Set(Method.allCases.filter { $0.eras == [.perRequest] }.map(\.rawValue))

  /// 2026-07-28 basic, Per-request protocol fields; basic/versioning, Protocol Version Negotiation.
  private static func perRequestRevision(_ meta: JSONObject?) throws(RPCError) -> Revision {
    guard let version = meta?[MetaKey.protocolVersion]?.stringValue else {
      throw .invalidParams("The request needs a string \(MetaKey.protocolVersion) in its _meta.")
    }
    guard meta?[MetaKey.clientCapabilities]?.objectValue != nil else {
      throw .invalidParams("The request needs an object \(MetaKey.clientCapabilities) in its _meta.")
    }
    if let info = meta?[MetaKey.clientInfo], info.objectValue == nil {
      throw .invalidParams("\(MetaKey.clientInfo) in the request's _meta must be an object.")
    }
    guard let revision = Revision(version), revision.era == .perRequest else { throw unsupported(version) }
    return revision
  }

  private static func noHandshake(_ requested: JSON?) -> RPCError {
    guard let requested = requested?.stringValue else { return .invalidParams("The request needs a string protocolVersion.") }
    return unsupported(requested, because: "There is no handshake here, and each request names its protocol version in its _meta")
  }

  private static func unsupported(_ requested: String, because reason: String? = nil) -> RPCError {
    let supported = Revision.perRequestVersions.map(\.date)
    let reason = reason ?? "The protocol version \(Sentence.quote(requested)) is not served here"
    return RPCError(
      .unsupportedProtocolVersion, "\(reason): use \(Sentence.list(supported, "or")).",
      data: ["supported": .array(supported.map { .string($0) }), "requested": .string(requested)])
  }
}
