import JSON

/// A prompt that people pick in the client: one text of the user (server/prompts).
public struct Prompt: Sendable {
  public let name: String
  public let title: String?
  public let description: String?
  let arguments: [PromptArgumentDeclaration]
  /// Checks arguments, and returns what makes the messages.
  let prepare: @Sendable (JSONObject) throws(RPCError) -> @Sendable (Session) async throws -> String

  /// - Parameters:
  ///   - arguments: ``PromptArgument/required(_:title:_:complete:)`` or ``PromptArgument/optional(_:title:_:complete:)``. One that is missing,
  ///     unknown or no string is answered with -32602 and a sentence that names it.
  ///   - handler: what the user says. An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init<each Value: Sendable>(
    _ name: String, title: String? = nil, description: String? = nil, arguments: repeat PromptArgument<each Value>,
    handler: @escaping @Sendable (Session, repeat each Value) async throws -> String
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
