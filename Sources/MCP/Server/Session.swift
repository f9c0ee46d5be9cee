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
