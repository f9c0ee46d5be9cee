import JSON

/// One parameter of a tool: its JSON Schema, its decoding, its checks and the sentence of each error, in one declaration.
///
///     let to = Parameter.string("to", aliases: ["recipient"], "Name of the agent.", characters: 1...63)
///     let limit = Parameter.integer("limit", "How many at most.", in: 1...200).defaulting(to: 50)
///     let replyTo = Parameter.string("reply_to", "The message that this one answers.").optional()
///
/// `null` is never a value; an argument that has none is left out.
public struct Parameter<Value: Sendable>: Sendable {
  public let name: String
  /// Other names that are accepted, and declared in the tool's schema. A parameter that has any is not listed as `required` there,
  /// because either name will do; a call without it is refused all the same.
  public let aliases: [String]
  public let description: String
  let schema: JSONObject
  /// The end of "The argument `x` must be …".
  let expectation: String
  /// What a call without the argument gets; `nil` where one is required.
  let absent: (@Sendable () -> Value)?
  let decode: @Sendable (JSON) throws(Complaint) -> Value

  var names: [String] { [name] + aliases }
  var isRequired: Bool { absent == nil }

  init(
    name: String, aliases: [String], description: String, schema: JSONObject, expectation: String,
    absent: (@Sendable () -> Value)? = nil, decode: @escaping @Sendable (JSON) throws(Complaint) -> Value
  ) {
    self.name = name
    self.aliases = aliases
    self.description = description
    self.schema = schema
    self.expectation = expectation
    self.absent = absent
    self.decode = decode
  }

  /// May be left out.
  public func optional() -> Parameter<Value?> {
    let decode = decode
    return Parameter<Value?>(
      name: name, aliases: aliases, description: description, schema: schema, expectation: expectation, absent: { nil },
      decode: { json throws(Complaint) in try decode(json) })
  }

  /// The same parameter with a further check and a value made of the old one. `transform` throws a ``Complaint``.
  public func mapping<Other>(_ transform: @escaping @Sendable (Value) throws(Complaint) -> Other) -> Parameter<Other> {
    let decode = decode
    return Parameter<Other>(
      name: name, aliases: aliases, description: description, schema: schema, expectation: expectation,
      decode: { json throws(Complaint) in try transform(try decode(json)) })
  }
}

/// What is wrong with an argument: the end of a sentence that begins with "The argument `name` …",
/// such as "must be a name of lower-case letters, not \"Bob\"".
public struct Complaint: Error, Hashable, Sendable {
  public let text: String

  public init(_ text: String) {
    self.text = text
  }
}
