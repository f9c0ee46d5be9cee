import JSON

/// One field of an output.
public struct Field<Root>: Sendable {
  let name: String
  let schema: JSONObject
  let isRequired: Bool
  let isPresent: @Sendable (Root) -> Bool
  let write: @Sendable (Root, inout JSONWriter) -> Void

  /// A field that is always there. With ``FieldType/nullable(_:)`` its value may be `null`.
  public init<Value>(
    _ name: String, _ type: FieldType<Value>, _ description: String?, _ path: any KeyPath<Root, Value> & Sendable
  ) {
    self.name = name
    schema = Self.schema(type.schema, description)
    isRequired = true
    isPresent = { _ in true }
    write = { root, writer in type.write(root[keyPath: path], &writer) }
  }

  /// A field that is left out where there is no value.
  public init<Value>(
    optional name: String, _ type: FieldType<Value>, _ description: String?, _ path: any KeyPath<Root, Value?> & Sendable
  ) {
    self.name = name
    schema = Self.schema(type.schema, description)
    isRequired = false
    isPresent = { root in root[keyPath: path] != nil }
    write = { root, writer in
      if let value = root[keyPath: path] { type.write(value, &writer) }
    }
  }

  /// The same without a description.
  public init<Value>(_ name: String, _ type: FieldType<Value>, _ path: any KeyPath<Root, Value> & Sendable) {
    self.init(name, type, nil, path)
  }

  /// The same without a description.
  public init<Value>(optional name: String, _ type: FieldType<Value>, _ path: any KeyPath<Root, Value?> & Sendable) {
    self.init(optional: name, type, nil, path)
  }

  private init(
    name: String, schema: JSONObject, isRequired: Bool, isPresent: @escaping @Sendable (Root) -> Bool,
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
      name: name, schema: schema, isRequired: isRequired,
      isPresent: { isPresent($0[keyPath: path]) },
      write: { outer, writer in write(outer[keyPath: path], &writer) })
  }

  private static func schema(_ type: JSONObject, _ description: String?) -> JSONObject {
    var schema = type
    schema["description"] = description.map { .string($0) }
    return schema
  }
}
