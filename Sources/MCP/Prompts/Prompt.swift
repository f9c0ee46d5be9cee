import JSON

/// A prompt that people pick in the client: one text of the user (server/prompts).
public struct Prompt: Sendable {
  struct Argument: Sendable {
    let name: String
    let title: String?
    let description: String
    let isRequired: Bool
    let complete: CompletionProvider?
  }

  public let name: String
  public let title: String?
  public let description: String?
  let arguments: [Argument]
  /// Checks arguments, and returns what makes the text.
  let prepare: @Sendable (JSONObject) throws(RPCError) -> @Sendable () async throws -> String

  /// - Parameters:
  ///   - arguments: strings. One that is missing, unknown or no string is answered with -32602 and a sentence that names it.
  ///   - handler: what the user says. An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init<each Value: Sendable>(
    _ name: String, title: String? = nil, description: String? = nil, arguments: repeat Parameter<each Value>,
    handler: @escaping @Sendable (repeat each Value) async throws -> String
  ) {
    var declared: [Argument] = []
    func declare<Other>(_ parameter: Parameter<Other>) {
      declared.append(
        Argument(
          name: parameter.name, title: parameter.title, description: parameter.description, isRequired: parameter.isRequired,
          complete: parameter.complete))
    }
    repeat declare(each arguments)
    let known = declared.map { [$0.name] }
    precondition(Set(known).count == known.count, "Two arguments of the prompt \(name) have one name.")
    self.name = name
    self.title = title
    self.description = description
    self.arguments = declared
    prepare = { (values: JSONObject) throws(RPCError) in
      let given = Arguments(owner: "the prompt \(name)", values: values)
      do throws(ToolFailure) {
        try given.refuseUnknown(besides: known)
        let decoded = (repeat try given.value(of: each arguments))
        return { try await handler(repeat each decoded) }
      } catch { throw .invalidParams(error.message) }
    }
  }
}
