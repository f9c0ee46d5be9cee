/// A text resource, or all resources whose URIs follow a template (server/resources).
public struct Resource: Sendable {
  /// The URI, or the template.
  let uri: String
  let name: String
  let title: String?
  let description: String?
  let mimeType: String?
  let pattern: URITemplate?
  let complete: CompletionProvider?
  let read: @Sendable (String) async throws -> String?

  /// - Parameters:
  ///   - uri: absolute, and unique among the server's resources. A template has one variable behind a prefix, such as
  ///     `bridge://tasks/{id}`; any other is a programming error.
  ///   - complete: proposals for the variable.
  ///   - read: the present contents, given the decoded variable, which is empty without a template; `nil` if there is no such resource.
  ///     An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init(
    _ uri: String, name: String, title: String? = nil, description: String? = nil, mimeType: String? = nil,
    complete: CompletionProvider? = nil, read: @escaping @Sendable (String) async throws -> String?
  ) {
    pattern = URITemplate(uri)
    precondition(pattern != nil || !uri.contains("{"), "\"\(uri)\" is not a URI template with one variable at its end.")
    (self.uri, self.name, self.title, self.description) = (uri, name, title, description)
    (self.mimeType, self.complete, self.read) = (mimeType, complete, read)
  }

  /// The decoded variable of a URI that follows the template, empty for the resource's own URI; `nil` for another one.
  public func variable(of uri: String) -> String? {
    guard let pattern else { return uri == self.uri ? "" : nil }
    return pattern.match(uri)
  }
}
