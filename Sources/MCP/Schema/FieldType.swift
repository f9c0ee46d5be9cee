import JSON

/// The JSON type of a value in an output: its schema and its encoding in one.
public struct FieldType<Value>: Sendable {
  let schema: JSONObject
  let write: @Sendable (Value, inout JSONWriter) -> Void

  /// The same JSON type for another Swift type, such as a date that is written as a string.
  public func mapping<Other>(_ transform: @escaping @Sendable (Other) -> Value) -> FieldType<Other> {
    FieldType<Other>(schema: schema) { value, writer in write(transform(value), &writer) }
  }
}

extension FieldType where Value == String {
  public static var string: FieldType {
    FieldType(schema: ["type": "string"]) { value, writer in writer.write(string: value) }
  }
}

extension FieldType where Value == Int {
  public static var integer: FieldType { integer() }

  /// An integer that is never under `minimum`.
  public static func integer(minimum: Int? = nil) -> FieldType {
    var schema: JSONObject = ["type": "integer"]
    schema["minimum"] = minimum.map { .integer(Int64($0)) }
    return FieldType(schema: schema) { value, writer in writer.write(integer: Int64(value)) }
  }
}

extension FieldType where Value == Double {
  /// A finite number; NaN and infinity would not fit the schema.
  public static var number: FieldType {
    FieldType(schema: ["type": "number"]) { value, writer in writer.write(number: value) }
  }
}

extension FieldType where Value == Bool {
  public static var boolean: FieldType {
    FieldType(schema: ["type": "boolean"]) { value, writer in writer.write(.bool(value)) }
  }
}

extension FieldType where Value == JSON {
  /// Any JSON value.
  public static var json: FieldType {
    FieldType(schema: [:]) { value, writer in writer.write(value) }
  }
}

extension FieldType where Value: StructuredOutput {
  /// An object that has a schema of its own.
  public static func object(_ type: Value.Type = Value.self) -> FieldType {
    let schema = Value.schema
    return FieldType(schema: schema.json) { value, writer in schema.write(value, &writer) }
  }

  /// The same, with a schema that only names the fields that are always there: for lists of tools that have to stay short.
  public static func briefObject(_ type: Value.Type = Value.self) -> FieldType {
    let schema = Value.schema
    var brief: JSONObject = ["type": "object"]
    brief["required"] = schema.json["required"]
    return FieldType(schema: brief) { value, writer in schema.write(value, &writer) }
  }
}

extension FieldType {
  public static func array<Element>(_ element: FieldType<Element>) -> FieldType where Value == [Element] {
    FieldType(schema: ["type": "array", "items": .object(element.schema)]) { values, writer in
      writer.writeList(values, open: "[", close: "]") { writer, value in element.write(value, &writer) }
    }
  }

  /// A value that may be `null`. (For one that may be left out see ``Field/init(optional:_:_:_:)``.)
  public static func nullable<Wrapped>(_ wrapped: FieldType<Wrapped>) -> FieldType where Value == Wrapped? {
    var schema = wrapped.schema
    if let type = schema["type"] { schema["type"] = [type, "null"] }
    return FieldType(schema: schema) { value, writer in
      if let value { wrapped.write(value, &writer) } else { writer.write(.null) }
    }
  }
}
