/// Resources whose URIs follow a template (server/resources, Resource Templates).
public struct ResourceTemplate: Sendable {
  public let uriTemplate: String
  public let name: String
  public let title: String?
  public let description: String?
  public let mimeType: String?
  let pattern: URITemplate
  let completions: [String: CompletionProvider]
  let read: @Sendable (Session, [String: String]) async throws -> ResourceContents?

  /// - Parameters:
  ///   - uriTemplate: RFC 6570 level 1, such as `cowork://tasks/{id}`; anything beyond that is a programming error.
  ///   - completions: proposals for variables, by name.
  ///   - read: the present contents, given the decoded variables; `nil` where there is no such resource.
  public init(
    _ uriTemplate: String, name: String, title: String? = nil, description: String? = nil, mimeType: String? = nil,
    completions: [String: CompletionProvider] = [:],
    read: @escaping @Sendable (Session, [String: String]) async throws -> ResourceContents?
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
}

/// Proposes values that complete what somebody began to type. Gets that beginning, and the other arguments that are known already
/// (server/utilities/completion). At most 100 are sent.
public typealias CompletionProvider = @Sendable (_ beginning: String, _ arguments: [String: String]) async throws -> [String]
