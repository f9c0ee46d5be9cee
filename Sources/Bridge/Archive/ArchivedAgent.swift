/// An agent that is known. Its running processes are not carried: they stay with their store.
public struct ArchivedAgent: Hashable, Sendable {
  public var name: String
  /// Times are RFC 3339, UTC, milliseconds.
  public var addedAt: String
  public var lastSeen: String?
  public var host: String?
  public var client: String?

  public init(name: String, addedAt: String, lastSeen: String?, host: String?, client: String?) {
    self.name = name
    self.addedAt = addedAt
    self.lastSeen = lastSeen
    self.host = host
    self.client = client
  }

  /// The later sign of life wins.
  public func merged(with source: ArchivedAgent) -> ArchivedAgent {
    guard (source.lastSeen ?? "") > (lastSeen ?? "") else { return self }
    var result = source
    result.addedAt = addedAt
    result.client = source.client ?? client
    return result
  }
}
