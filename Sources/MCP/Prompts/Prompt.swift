import JSON

/// A prompt that people pick in the client (server/prompts).
public struct Prompt: Sendable {
  public let name: String
  public let title: String?
  public let description: String?
  let arguments: [PromptArgumentDeclaration]
  /// Checks arguments, and returns what makes the messages.
  let prepare: @Sendable (JSONObject) throws(RPCError) -> @Sendable (Session) async throws -> PromptReply

  /// - Parameters:
  ///   - arguments: ``PromptArgument/required(_:title:_:complete:)`` or ``PromptArgument/optional(_:title:_:complete:)``. One that is missing,
  ///     unknown or no string is answered with -32602 and a sentence that names it.
  ///   - handler: the messages. An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init<each Value: Sendable>(
    _ name: String, title: String? = nil, description: String? = nil, arguments: repeat PromptArgument<each Value>,
    handler: @escaping @Sendable (Session, repeat each Value) async throws -> PromptReply
  ) {
    var declared: [PromptArgumentDeclaration] = []
    repeat declared.append((each arguments).declaration)
    let known = declared.map(\.name)
    precondition(Set(known).count == known.count, "Two arguments of the prompt \(name) have one name.")
    self.name = name
    self.title = title
    self.description = description
    self.arguments = declared
    prepare = { (values: JSONObject) throws(RPCError) in
      if let unknown = values.keys.first(where: { !known.contains($0) }) {
        let advice = known.isEmpty ? "it takes none" : "it takes \(Sentence.list(known, "and"))"
        throw .invalidParams("The argument \(Sentence.quote(unknown)) is unknown to the prompt \(name): \(advice).")
      }
      let decoded = (repeat try (each arguments).value(in: values, of: name))
      return { session in try await handler(session, repeat each decoded) }
    }
  }
}

/// The messages of a prompt.
public struct PromptReply: Sendable, Hashable {
  public let description: String?
  public let messages: [PromptMessage]

  public init(description: String? = nil, _ messages: [PromptMessage]) {
    self.description = description
    self.messages = messages
  }
}

/// One message of text.
public struct PromptMessage: Sendable, Hashable {
  public enum Role: String, Sendable { case user, assistant }

  public let role: Role
  public let text: String

  public init(_ role: Role, _ text: String) {
    self.role = role
    self.text = text
  }
}
