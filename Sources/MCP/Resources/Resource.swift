/// A resource that is always there (server/resources). All are texts.
public struct Resource: Sendable {
  let uri: String
  let name: String
  let title: String?
  let description: String?
  let mimeType: String?
  let read: @Sendable (Session) async throws -> String

  /// - Parameters:
  ///   - uri: absolute, and unique among the server's resources.
  ///   - read: the present contents. An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init(
    _ uri: String, name: String, title: String? = nil, description: String? = nil, mimeType: String? = nil,
    read: @escaping @Sendable (Session) async throws -> String
  ) {
    self.uri = uri
    self.name = name
    self.title = title
    self.description = description
    self.mimeType = mimeType
    self.read = read
  }
}

/// The resources whose URIs follow a template (server/resources, Resource Templates).
public struct ResourceTemplate: Sendable {
  let uriTemplate: String
  let name: String
  let title: String?
  let description: String?
  let mimeType: String?
  let pattern: URITemplate
  let complete: CompletionProvider?
  let read: @Sendable (Session, String) async throws -> String?

  /// - Parameters:
  ///   - uriTemplate: one variable behind a prefix, such as `bridge://tasks/{id}`; anything else is a programming error.
  ///   - complete: proposals for the variable.
  ///   - read: the present contents, given the decoded variable; `nil` if there is no such resource.
  public init(
    _ uriTemplate: String, name: String, title: String? = nil, description: String? = nil, mimeType: String? = nil,
    complete: CompletionProvider? = nil, read: @escaping @Sendable (Session, String) async throws -> String?
  ) {
    guard let pattern = URITemplate(uriTemplate) else {
      preconditionFailure("\"\(uriTemplate)\" is not a URI template with one variable at its end.")
    }
    self.uriTemplate = uriTemplate
    self.name = name
    self.title = title
    self.description = description
    self.mimeType = mimeType
    self.pattern = pattern
    self.complete = complete
    self.read = read
  }

  /// The decoded variable of a URI that follows the template; `nil` for another one.
  public func variable(of uri: String) -> String? { pattern.match(uri) }
}

/// Proposes values that complete a beginning. Gets that beginning, and the other arguments that are known already
/// (server/utilities/completion). At most 100 are sent.
public typealias CompletionProvider = @Sendable (_ beginning: String, _ arguments: [String: String]) async throws -> [String]
