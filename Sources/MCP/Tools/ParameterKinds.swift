import JSON

extension Parameter where Value == String {
  /// Text.
  /// - Parameters:
  ///   - characters: how many Unicode scalars (code points): what JSON Schema's `minLength` and `maxLength` count, so that the declared
  ///     schema and the check are the same. "é" is one, or two where the accent is a scalar of its own.
  ///   - utf8: how many bytes in UTF-8. JSON Schema cannot say that; it declares as many characters.
  ///   - allowsNUL: whether U+0000 may occur.
  ///   - pattern: a regular expression for the schema (ECMA 262). It is not checked here: `check` does that.
  ///   - check: a further check; returns the end of a sentence that begins with "The argument `name` …", `nil` where all is well.
  public static func string(
    _ name: String, aliases: [String] = [], _ description: String, characters: ClosedRange<Int>? = nil, utf8: ClosedRange<Int>? = nil,
    allowsNUL: Bool = true, pattern: String? = nil, check: (@Sendable (String) -> String?)? = nil
  ) -> Parameter {
    let limits = TextLimits(characters: characters, utf8: utf8, allowsNUL: allowsNUL)
    var schema: JSONObject = ["type": "string"]
    schema["minLength"] = limits.leastCharacters.map { .integer(Int64($0)) }
    schema["maxLength"] = limits.mostCharacters.map { .integer(Int64($0)) }
    schema["pattern"] = pattern.map { .string($0) }
    return Parameter(
      name: name, aliases: aliases, description: description, schema: schema, expectation: "a string",
      decode: { json throws(Complaint) in
        guard let text = json.stringValue else { throw .wrongType(json, expected: "a string") }
        if let complaint = limits.complaint(about: text) ?? check?(text) { throw Complaint(complaint) }
        return text
      })
  }
}

extension Parameter where Value == Int {
  /// A whole number; `5` and `5.0` are the same.
  public static func integer(
    _ name: String, aliases: [String] = [], _ description: String, in range: ClosedRange<Int>? = nil
  ) -> Parameter {
    var schema: JSONObject = ["type": "integer"]
    schema["minimum"] = range.map { .integer(Int64($0.lowerBound)) }
    schema["maximum"] = range.map { .integer(Int64($0.upperBound)) }
    let expectation = "a whole number" + (range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? "")
    return Parameter(
      name: name, aliases: aliases, description: description, schema: schema, expectation: expectation,
      decode: { json throws(Complaint) in
        guard let value = json.wholeNumber.flatMap(Int.init(exactly:)) else { throw .wrongType(json, expected: expectation) }
        if let range, !range.contains(value) { throw .wrongType(json, expected: expectation) }
        return value
      })
  }
}

extension Parameter where Value == Double {
  /// A finite number.
  public static func number(
    _ name: String, aliases: [String] = [], _ description: String, in range: ClosedRange<Double>? = nil
  ) -> Parameter {
    var schema: JSONObject = ["type": "number"]
    schema["minimum"] = range.map { .number($0.lowerBound) }
    schema["maximum"] = range.map { .number($0.upperBound) }
    let expectation = "a number" + (range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? "")
    return Parameter(
      name: name, aliases: aliases, description: description, schema: schema, expectation: expectation,
      decode: { json throws(Complaint) in
        guard let value = json.doubleValue, value.isFinite else { throw .wrongType(json, expected: expectation) }
        if let range, !range.contains(value) { throw .wrongType(json, expected: expectation) }
        return value
      })
  }
}

extension Parameter where Value == Bool {
  /// `true` or `false`, and nothing that only looks like them.
  public static func boolean(_ name: String, aliases: [String] = [], _ description: String) -> Parameter {
    Parameter(
      name: name, aliases: aliases, description: description, schema: ["type": "boolean"], expectation: "true or false",
      decode: { json throws(Complaint) in
        guard let value = json.boolValue else { throw .wrongType(json, expected: "true or false") }
        return value
      })
  }
}

extension Parameter where Value: CaseIterable & RawRepresentable & Hashable, Value.RawValue == String {
  /// One of the cases of an enumeration, by its raw value.
  public static func enumeration(
    _ name: String, aliases: [String] = [], _ description: String, of type: Value.Type = Value.self
  ) -> Parameter {
    let names = Value.allCases.map(\.rawValue)
    let expectation = "one of " + Sentence.list(names, "or")
    return Parameter(
      name: name, aliases: aliases, description: description, schema: ["type": "string", "enum": .array(names.map { .string($0) })],
      expectation: expectation,
      decode: { json throws(Complaint) in
        guard let value = json.stringValue.flatMap(Value.init(rawValue:)) else { throw .wrongType(json, expected: expectation) }
        return value
      })
  }
}

// A default has to be shown in the schema, so only values that have a JSON form may have one.

extension Parameter where Value == String {
  /// May be left out; then the value is `value`.
  public func defaulting(to value: String) -> Parameter { defaulting(to: value, shown: .string(value)) }
}

extension Parameter where Value == Int {
  /// May be left out; then the value is `value`.
  public func defaulting(to value: Int) -> Parameter { defaulting(to: value, shown: .integer(Int64(value))) }
}

extension Parameter where Value == Double {
  /// May be left out; then the value is `value`.
  public func defaulting(to value: Double) -> Parameter { defaulting(to: value, shown: .number(value)) }
}

extension Parameter where Value == Bool {
  /// May be left out; then the value is `value`.
  public func defaulting(to value: Bool) -> Parameter { defaulting(to: value, shown: .bool(value)) }
}

extension Parameter where Value: RawRepresentable, Value.RawValue == String {
  /// May be left out; then the value is `value`.
  public func defaulting(to value: Value) -> Parameter { defaulting(to: value, shown: .string(value.rawValue)) }
}

extension Parameter {
  private func defaulting(to value: Value, shown: JSON) -> Parameter {
    var schema = schema
    schema["default"] = shown
    return Parameter(
      name: name, aliases: aliases, description: description, schema: schema, expectation: expectation, absent: { value }, decode: decode)
  }
}
