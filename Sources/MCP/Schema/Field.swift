import JSON

/// One field of an output.
public struct Field<Root>: Sendable {
  let name: String
  let schema: JSONObject
  let isRequired: Bool
  let isPresent: @Sendable (Root) -> Bool
  let write: @Sendable (Root, inout JSONWriter) -> Void

  /// A field that is always there. With ``FieldType/nullable(_:)`` its value may be `null`.
  public init<Value>(_ name: String, _ type: FieldType<Value>, _ path: any KeyPath<Root, Value> & Sendable) {
    self.init(name, type.schema, isRequired: true, isPresent: { _ in true }, write: { type.write($0[keyPath: path], &$1) })
  }

  /// A field that is left out if there is no value.
  public init<Value>(optional name: String, _ type: FieldType<Value>, _ path: any KeyPath<Root, Value?> & Sendable) {
    self.init(
      name, type.schema, isRequired: false, isPresent: { $0[keyPath: path] != nil },
      write: { root, writer in
        if let value = root[keyPath: path] { type.write(value, &writer) }
      })
  }

  private init(
    _ name: String, _ schema: JSONObject, isRequired: Bool, isPresent: @escaping @Sendable (Root) -> Bool,
    write: @escaping @Sendable (Root, inout JSONWriter) -> Void
  ) {
    self.name = name
    self.schema = schema
    self.isRequired = isRequired
    self.isPresent = isPresent
    self.write = write
  }

  func embedded<Outer>(at path: any KeyPath<Outer, Root> & Sendable) -> Field<Outer> {
    Field<Outer>(
      name, schema, isRequired: isRequired, isPresent: { isPresent($0[keyPath: path]) }, write: { write($0[keyPath: path], &$1) })
  }
}
