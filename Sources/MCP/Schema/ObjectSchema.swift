import JSON

/// A value that a tool returns as an object (`structuredContent`). The JSON Schema and the encoding come from one declaration.
public protocol StructuredOutput: Sendable {
  static var schema: ObjectSchema<Self> { get }
}

/// The fields of an object, in the order in which they are written.
///
///     static let schema = ObjectSchema<Receipt> {
///       Field("message_id", .string, \.messageID)
///       Field("reply_to", .nullable(.string), \.replyTo)
///       Field(optional: "note", .string, \.note)
///     }
public struct ObjectSchema<Root>: Sendable {
  let fields: [Field<Root>]

  public init(@FieldsBuilder<Root> _ fields: () -> [Field<Root>]) {
    self.init(fields: fields())
  }

  init(fields: [Field<Root>]) {
    let names = Set(fields.map(\.name))
    precondition(names.count == fields.count, "An output has two fields of one name: \(fields.map(\.name)).")
    self.fields = fields
  }

  /// The fields of this schema in an object that holds a `Root`: what a wrapper needs.
  ///
  ///     static var schema: ObjectSchema<Self> {
  ///       ObjectSchema {
  ///         Output.schema.embedded(at: \Self.output)
  ///         Field(optional: "unread", .object(), \.unread)
  ///       }
  ///     }
  public func embedded<Outer>(at path: any KeyPath<Outer, Root> & Sendable) -> ObjectSchema<Outer> {
    ObjectSchema<Outer>(fields: fields.map { $0.embedded(at: path) })
  }

  /// The JSON Schema, with `type: "object"` at its root.
  public var json: JSONObject {
    let properties = JSONObject(unique: fields.map { ($0.name, .object($0.schema)) })
    let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
    var schema: JSONObject = ["type": "object", "properties": .object(properties)]
    if !required.isEmpty { schema["required"] = .array(required) }
    return schema
  }

  public func encode(_ value: Root) -> JSON {
    .object(JSONObject(unique: fields.compactMap { field in field.value(value).map { (field.name, $0) } }))
  }
}

@resultBuilder
public enum FieldsBuilder<Root> {
  public static func buildExpression(_ field: Field<Root>) -> [Field<Root>] { [field] }
  public static func buildExpression(_ schema: ObjectSchema<Root>) -> [Field<Root>] { schema.fields }
  public static func buildBlock(_ fields: [Field<Root>]...) -> [Field<Root>] { fields.flatMap(\.self) }
}
