import JSON

/// A prompt that people pick in the client: one text of the user (server/prompts).
public struct Prompt: Sendable {
  public let name: String
  public let title: String?
  public let description: String?
  let arguments: [Declaration]
  /// Checks arguments, and returns what makes the text.
  let prepare: @Sendable (JSONObject) throws(RPCError) -> @Sendable () async throws -> String

  /// - Parameters:
  ///   - arguments: strings. One that is missing, unknown or no string is answered with -32602 and a sentence that names it.
  ///   - handler: what the user says. An ``RPCError`` that it throws is sent as it is; any other error becomes a general one, and is logged.
  public init<each Value: Sendable>(
    _ name: String, title: String? = nil, description: String? = nil, arguments: repeat Parameter<each Value>,
    handler: @escaping @Sendable (repeat each Value) async throws -> String
  ) {
    let declared = Declaration.list(repeat each arguments)
    self.name = name
    self.title = title
    self.description = description
    self.arguments = declared
    prepare = { (values: JSONObject) throws(RPCError) in
      let given = Arguments(owner: "the prompt \(name)", values: values)
      do throws(ToolFailure) {
        try given.refuseUnknown(besides: declared)
        let decoded = (repeat try given.value(of: each arguments))
        return { try await handler(repeat each decoded) }
      } catch { throw .invalidParams(error.message) }
    }
  }
}
