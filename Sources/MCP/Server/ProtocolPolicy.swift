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

  private static let handshakeOnlyClients: Set<String> = ["claude-code"]

  func eras(for client: ClientInfo?) -> Set<Era> {
    switch self {
    case .handshake: [.handshake]
    case .perRequest: [.perRequest]
    case .auto: Self.handshakeOnlyClients.contains(client?.name ?? "") ? [.handshake] : [.handshake, .perRequest]
    }
  }
}
