import JSON

/// Pieces of sentences for people and models.
enum Sentence {
  /// `a`, `a or b`, `a, b or c`.
  static func list(_ words: [String], _ conjunction: String) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  /// What a JSON value is, in a few words; long text is cut.
  static func describe(_ value: JSON) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text), .brokenString(let text): quote(text)
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// Text in quotes, cut to 40 characters, without line ends and control characters.
  static func quote(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
    return "\"\(start)\(text.unicodeScalars.dropFirst(40).isEmpty ? "" : "…")\""
  }
}
