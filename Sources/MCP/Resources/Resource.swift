import JSON

/// A resource that is always there (server/resources).
public struct Resource: Sendable {
  public let uri: String
  public let name: String
  public let title: String?
  public let description: String?
  public let mimeType: String?
  let read: @Sendable (Session) async throws -> ResourceContents

  /// - Parameters:
  ///   - uri: absolute, and unique among the server's resources.
  ///   - read: the present contents. An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init(
    _ uri: String, name: String, title: String? = nil, description: String? = nil, mimeType: String? = nil,
    read: @escaping @Sendable (Session) async throws -> ResourceContents
  ) {
    self.uri = uri
    self.name = name
    self.title = title
    self.description = description
    self.mimeType = mimeType
    self.read = read
  }
}

/// What a resource holds.
public enum ResourceContents: Sendable, Hashable {
  case text(String)
  /// Written as JSON text.
  case json(JSON)
}
