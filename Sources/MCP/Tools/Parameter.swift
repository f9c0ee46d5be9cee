import JSON

/// What a client is shown of a parameter of a tool, or of an argument of a prompt.
struct Declaration: Sendable {
  let name: String
  /// Other names that are accepted, and not declared in the tool's schema.
  var aliases: [String] = []
  /// Shown by clients that ask people for the arguments of a prompt.
  var title: String?
  let description: String
  var schema: JSONObject
  var isRequired = true
  /// Proposals for an argument of a prompt.
  var complete: CompletionProvider?

  var names: [String] { [name] + aliases }
}

/// One parameter of a tool: its JSON Schema, its decoding and its error in one declaration.
///
///     let to = Parameter.string("to", aliases: ["recipient"], "Name of the agent.")
///     let limit = Parameter.integer("limit", "How many at most.", in: 1...200, default: 50)
///     let replyTo = Parameter.string("reply_to", "The message that this one answers.").optional()
///
/// Clients turn values into text and fill in what is optional: `"10"` is a whole number, `"true"` a boolean, and `null`, or `""` for a
/// parameter that may be left out, is no value. The schema declares none of that.
public struct Parameter<Value: Sendable>: Sendable {
  private(set) var declaration: Declaration
  /// The end of "The argument `x` must be …".
  let expectation: String
  /// What a call without the argument gets; `nil` where one is required.
  let absent: (@Sendable () -> Value)?
  /// `nil` for what does not meet the expectation.
  let decode: @Sendable (JSON) -> Value?

  fileprivate init(
    _ declaration: Declaration, expectation: String, absent: (@Sendable () -> Value)? = nil, decode: @escaping @Sendable (JSON) -> Value?
  ) {
    (self.declaration, self.expectation, self.absent, self.decode) = (declaration, expectation, absent, decode)
    self.declaration.isRequired = absent == nil
  }

  /// - Parameter standard: the value of a call without the argument, and how the schema shows it.
  fileprivate init(
    _ name: String, _ description: String, schema: JSONObject, expectation: String, standard: (value: Value, shown: JSON)?,
    decode: @escaping @Sendable (JSON) -> Value?
  ) {
    var declaration = Declaration(name: name, description: description, schema: schema)
    var absent: (@Sendable () -> Value)?
    if let (value, shown) = standard {
      declaration.schema["default"] = shown
      absent = { value }
    }
    self.init(declaration, expectation: expectation, absent: absent, decode: decode)
  }

  /// May be left out.
  public func optional() -> Parameter<Value?> {
    Parameter<Value?>(declaration, expectation: expectation, absent: { nil }, decode: { [decode] json in decode(json).map { .some($0) } })
  }

  /// The same parameter with another value.
  ///
  /// - Parameters:
  ///   - expectation: the end of "The argument `x` must be …".
  ///   - transform: nil for a value that is none.
  public func mapping<Other>(
    to expectation: String, _ transform: @escaping @Sendable (Value) -> Other?
  ) -> Parameter<Other> {
    Parameter<Other>(declaration, expectation: expectation) { [decode] json in decode(json).flatMap(transform) }
  }
}

extension Parameter where Value == String {
  /// Text.
  /// - Parameter keywords: further keywords of the schema, such as `maxLength`. The tool itself enforces them.
  public static func string(
    _ name: String, aliases: [String] = [], title: String? = nil, _ description: String, keywords: JSONObject = [:],
    complete: CompletionProvider? = nil
  ) -> Parameter {
    let schema = JSONObject([("type", "string")]).merging(keywords)
    return Parameter(
      Declaration(name: name, aliases: aliases, title: title, description: description, schema: schema, complete: complete),
      expectation: "a string", decode: \.stringValue)
  }
}

extension Parameter where Value == Int {
  /// A whole number; `5`, `5.0` and `"5"` are the same.
  public static func integer(
    _ name: String, _ description: String, in range: ClosedRange<Int>, default standard: Int? = nil
  ) -> Parameter {
    Parameter(
      name, description,
      schema: ["type": "integer", "minimum": .integer(Int64(range.lowerBound)), "maximum": .integer(Int64(range.upperBound))],
      expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)", standard: standard.map { ($0, .integer(Int64($0))) }
    ) { json in
      let number =
        json.wholeNumber.flatMap(Int.init(exactly:))
        ?? json.stringValue.flatMap { text in Int(text).flatMap { "\($0)" == text ? $0 : nil } }
      return number.flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension Parameter where Value == Bool {
  /// `true` or `false`, also as text, and nothing that only looks like them.
  public static func boolean(_ name: String, _ description: String, default standard: Bool? = nil) -> Parameter {
    Parameter(
      name, description, schema: ["type": "boolean"], expectation: "true or false", standard: standard.map { ($0, .bool($0)) }
    ) { json in json.boolValue ?? json.stringValue.flatMap { Bool($0) } }
  }
}

extension Parameter where Value: CaseIterable & RawRepresentable & Hashable, Value.RawValue == String {
  /// One of the cases of an enumeration, by its raw value.
  public static func enumeration(
    _ name: String, _ description: String, of type: Value.Type = Value.self, default standard: Value? = nil
  ) -> Parameter {
    let names = Value.allCases.map(\.rawValue)
    return Parameter(
      name, description, schema: ["type": "string", "enum": .array(names.map { .string($0) })],
      expectation: "one of " + Sentence.list(names, "or"), standard: standard.map { ($0, .string($0.rawValue)) }
    ) { json in
      json.stringValue.flatMap(Value.init(rawValue:))
    }
  }
}
