import JSON

/// One field of an output.
public struct Field<Root>: Sendable {
  let name: String
  let schema: JSONObject
  let isRequired: Bool
  /// `nil` where the field is left out.
  let value: @Sendable (Root) -> JSON?

  func embedded<Outer>(at path: any KeyPath<Outer, Root> & Sendable) -> Field<Outer> {
    Field<Outer>(name: name, schema: schema, isRequired: isRequired) { value($0[keyPath: path]) }
  }
}

extension Field {
  /// A field that is always there. With ``FieldType/nullable(_:)`` its value may be `null`.
  public init<Value>(_ name: String, _ type: FieldType<Value>, _ path: any KeyPath<Root, Value> & Sendable) {
    self.init(name: name, schema: type.schema, isRequired: true) { type.encode($0[keyPath: path]) }
  }

  /// A field that is left out if there is no value.
  public init<Value>(optional name: String, _ type: FieldType<Value>, _ path: any KeyPath<Root, Value?> & Sendable) {
    self.init(name: name, schema: type.schema, isRequired: false) { $0[keyPath: path].map(type.encode) }
  }
}

/// The JSON type of a value in an output: its schema and its encoding in one.
public struct FieldType<Value>: Sendable {
  let schema: JSONObject
  let encode: @Sendable (Value) -> JSON

  /// The same JSON type for another Swift type, such as a date that is written as a string.
  public func mapping<Other>(_ transform: @escaping @Sendable (Other) -> Value) -> FieldType<Other> {
    FieldType<Other>(schema: schema) { encode(transform($0)) }
  }
}

extension FieldType where Value == String {
  public static var string: FieldType { FieldType(schema: ["type": "string"]) { .string($0) } }
}

extension FieldType where Value == Int {
  public static var integer: FieldType { FieldType(schema: ["type": "integer"]) { .integer(Int64($0)) } }
}

extension FieldType where Value == Double {
  /// A finite number; NaN and infinity would not fit the schema.
  public static var number: FieldType { FieldType(schema: ["type": "number"]) { .number($0) } }
}

extension FieldType where Value == Bool {
  public static var boolean: FieldType { FieldType(schema: ["type": "boolean"]) { .bool($0) } }
}

extension FieldType where Value == JSON {
  /// Any JSON value.
  public static var json: FieldType { FieldType(schema: [:]) { $0 } }
}

extension FieldType where Value: StructuredOutput {
  /// An object that has a schema of its own.
  public static func object(_ type: Value.Type = Value.self) -> FieldType {
    let schema = Value.schema
    return FieldType(schema: schema.json) { schema.encode($0) }
  }

  /// The same, with a schema that only names the fields that are always there: for lists of tools that have to stay short.
  public static func briefObject(_ type: Value.Type = Value.self) -> FieldType {
    let schema = Value.schema
    var brief: JSONObject = ["type": "object"]
    brief["required"] = schema.json["required"]
    return FieldType(schema: brief) { schema.encode($0) }
  }
}

extension FieldType {
  public static func array<Element>(_ element: FieldType<Element>) -> FieldType where Value == [Element] {
    FieldType(schema: ["type": "array", "items": .object(element.schema)]) { .array($0.map(element.encode)) }
  }

  /// A value that may be `null`. (For one that may be left out see ``Field/init(optional:_:_:)``.)
  public static func nullable<Wrapped>(_ wrapped: FieldType<Wrapped>) -> FieldType where Value == Wrapped? {
    var schema = wrapped.schema
    if let type = schema["type"] { schema["type"] = [type, "null"] }
    return FieldType(schema: schema) { $0.map(wrapped.encode) ?? .null }
  }
}
