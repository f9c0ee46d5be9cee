import MCP

extension StructuredOutput {
  /// The output as one line of JSON.
  public var jsonText: String { String(decoding: Self.schema.encode(self), as: UTF8.self) }
}
