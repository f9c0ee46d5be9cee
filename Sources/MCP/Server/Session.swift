import JSON

/// Who asks, and in which revision: known for each request.
public struct Session: Sendable {
  public let revision: Revision
  /// As the client named itself: in `initialize`, or in the request's own `_meta`. `nil` where it did not.
  public let client: ClientInfo?
}

/// How a client names itself. It can claim anything.
public struct ClientInfo: Hashable, Sendable {
  public let name: String
  public let version: String?

  public init(name: String, version: String?) {
    self.name = name
    self.version = version
  }

  init?(_ value: JSON?) {
    guard let name = value?["name"]?.stringValue else { return nil }
    self.init(name: name, version: value?["version"]?.stringValue)
  }
}

/// Which eras a server offers.
public enum ProtocolPolicy: String, CaseIterable, Sendable {
  /// Both, except that a client named `claude-code` gets only the handshake era, because it registers no channel in the other.
  case auto
  /// The handshake era only: `server/discover` is an unknown method, and the metadata of the other era means nothing.
  case handshake
  /// The per-request era only.
  case perRequest = "per-request"

  /// - Parameter name: also `stateless`, the earlier name of `per-request`.
  public init?(name: String) { self.init(rawValue: name == "stateless" ? "per-request" : name) }

  func eras(for client: ClientInfo?) -> Set<Era> {
    switch self {
    case .handshake: [.handshake]
    case .perRequest: [.perRequest]
    case .auto: client?.name == "claude-code" ? [.handshake] : [.handshake, .perRequest]
    }
  }
}
