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
  let completions: [String: CompletionProvider]
  let read: @Sendable (Session, [String: String]) async throws -> String?

  /// - Parameters:
  ///   - uriTemplate: RFC 6570 level 1, such as `cowork://tasks/{id}`; anything beyond that is a programming error.
  ///   - completions: proposals for variables, by name.
  ///   - read: the present contents, given the decoded variables; `nil` if there is no such resource.
  public init(
    _ uriTemplate: String, name: String, title: String? = nil, description: String? = nil, mimeType: String? = nil,
    completions: [String: CompletionProvider] = [:],
    read: @escaping @Sendable (Session, [String: String]) async throws -> String?
  ) {
    guard let pattern = URITemplate(uriTemplate) else {
      preconditionFailure("\"\(uriTemplate)\" is not a URI template of RFC 6570, level 1.")
    }
    let unknown = completions.keys.first { !pattern.variables.contains($0) }
    precondition(unknown == nil, "\"\(uriTemplate)\" has no variable \(unknown ?? "").")
    self.uriTemplate = uriTemplate
    self.name = name
    self.title = title
    self.description = description
    self.mimeType = mimeType
    self.pattern = pattern
    self.completions = completions
    self.read = read
  }

  /// The decoded variables of a URI that follows the template; `nil` for another one.
  public func variables(of uri: String) -> [String: String]? { pattern.match(uri) }
}

/// Proposes values that complete a beginning. Gets that beginning, and the other arguments that are known already
/// (server/utilities/completion). At most 100 are sent.
public typealias CompletionProvider = @Sendable (_ beginning: String, _ arguments: [String: String]) async throws -> [String]
