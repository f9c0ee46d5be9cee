import JSON
import MCP

extension FieldType where Value == String? {
  /// Text or null, not declared in the schema: clients load the list of tools into each session, so its size counts.
  static var text: FieldType {
    FieldType<JSON>.json.mapping { $0.map { .string($0) } ?? .null }
  }
}

extension FieldType where Value == String {
  /// Text, not declared in the schema.
  static var undeclared: FieldType { FieldType<JSON>.json.mapping { .string($0) } }
}

extension StructuredOutput {
  /// The output as one line of JSON.
  public var jsonText: String { String(decoding: Self.schema.encode(self), as: UTF8.self) }
}
