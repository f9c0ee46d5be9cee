import JSON

/// A tool: what the client sees of it, and what it does (server/tools).
///
/// All of the input schema, the decoding of arguments and their errors comes from the parameters; all of the output schema and the
/// encoding from the output type. A call with arguments that do not fit is answered with `isError: true` and one sentence that names the
/// argument; the handler does not see it.
public struct Tool: Sendable {
  public let name: String
  public let title: String?
  public let description: String
  /// Hints on what the tool does, such as `["readOnlyHint": true]` (server/tools, Tool annotations; since 2025-03-26).
  public let annotations: JSONObject
  /// Calls of all tools in turn run one after the other, in the order in which they came. Other calls may pass them.
  public let isInTurn: Bool
  /// The tool's `_meta`, such as `["anthropic/alwaysLoad": true]`.
  public let meta: JSONObject
  public let inputSchema: JSONObject
  public let outputSchema: JSONObject
  /// Decodes and checks arguments, and returns what carries the call out.
  let prepare: @Sendable (JSONObject) throws(ToolFailure) -> @Sendable (ToolCall) async throws -> (output: JSON, hooks: DeliveryHooks?)

  /// - Parameters:
  ///   - name: `[A-Za-z0-9_-]{1,64}`; anything else is a programming error.
  ///   - description: what the model reads; clients cut it at 2,048 characters.
  ///   - isInTurn: for a tool that writes and does not wait for others.
  ///   - parameters: in the order of the schema. Names and aliases must be unique.
  ///   - handler: carries a call out. It may run beside other calls, except as `isInTurn` says. A ``ToolFailure`` becomes `isError: true` with its text; any other
  ///     error the same with a general sentence, and is logged. Its task is cancelled when the client cancels the request; what it returns
  ///     then is not sent.
  public init<Output: StructuredOutput, each Value: Sendable>(
    _ name: String, title: String? = nil, description: String, annotations: JSONObject = [:], meta: JSONObject = [:],
    isInTurn: Bool = false, parameters: repeat Parameter<each Value>, returns output: Output.Type = Output.self,
    handler: @escaping @Sendable (ToolCall, repeat each Value) async throws -> ToolReply<Output>
  ) {
    let declarations = Declaration.list(repeat each parameters)
    let schema = Output.schema
    precondition(Self.isValidName(name), "A tool's name must be 1 to 64 of A-Z, a-z, 0-9, _ and -, not \"\(name)\".")
    (self.name, self.title, self.description) = (name, title, description)
    (self.annotations, self.meta, self.isInTurn) = (annotations, meta, isInTurn)
    inputSchema = Declaration.inputSchema(declarations)
    outputSchema = schema.json
    prepare = { (values: JSONObject) throws(ToolFailure) in
      let arguments = Arguments(owner: name, values: values)
      try arguments.refuseUnknown(besides: declarations)
      let decoded = (repeat try arguments.value(of: each parameters))
      return { call in
        let reply = try await handler(call, repeat each decoded)
        return (schema.encode(reply.output), reply.hooks)
      }
    }
  }

  static func isValidName(_ name: String) -> Bool {
    1...64 ~= name.utf8.count && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
  }
}

extension Declaration {
  static func list<each Value>(_ parameters: repeat Parameter<each Value>) -> [Declaration] {
    var declarations: [Declaration] = []
    repeat declarations.append((each parameters).declaration)
    let names = declarations.flatMap(\.names)
    precondition(Set(names).count == names.count, "Two parameters have one name: \(names).")
    return declarations
  }

  fileprivate static func inputSchema(_ declarations: [Declaration]) -> JSONObject {
    var properties: JSONObject = [:]
    for declaration in declarations {
      properties[declaration.name] = .object(declaration.schema.merging(["description": .string(declaration.description)]))
    }
    let required = declarations.filter(\.isRequired).map { JSON.string($0.name) }
    var schema: JSONObject = ["type": "object", "properties": .object(properties)]
    if !required.isEmpty { schema["required"] = .array(required) }
    schema["additionalProperties"] = false
    return schema
  }
}
