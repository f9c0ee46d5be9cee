/// A URI template of RFC 6570, level 1: literal text and `{variables}`.
struct URITemplate: Hashable, Sendable {
  private enum Part: Hashable, Sendable {
    case literal(String)
    case variable(String)
  }

  private let parts: [Part]

  var variables: [String] {
    parts.compactMap { if case .variable(let name) = $0 { name } else { nil } }
  }

  /// `nil` for what is not level 1, and for two variables with nothing between them, which could not be told apart.
  init?(_ template: String) {
    var parts: [Part] = []
    var rest = template[...]
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      if rest[open] == "}" { return nil }
      if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: "}") else { return nil }
      let name = String(inside[..<close])
      guard !name.isEmpty, name.utf8.allSatisfy({ URICharacter.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }) else { return nil }
      if case .variable? = parts.last { return nil }
      parts.append(.variable(name))
      rest = inside[inside.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.literal(String(rest))) }
    self.parts = parts
    if Set(variables).count != variables.count { return nil }
  }

  /// The variables' values, decoded, where the URI fits the template. A value is one or more unreserved characters or `%XX`.
  func match(_ uri: String) -> [String: String]? {
    var rest = uri.utf8[...]
    var values: [String: String] = [:]
    for (index, part) in parts.enumerated() {
      switch part {
      case .literal(let text):
        guard rest.starts(with: text.utf8) else { return nil }
        rest = rest.dropFirst(text.utf8.count)
      case .variable(let name):
        var next: String?
        if index + 1 < parts.count, case .literal(let text) = parts[index + 1] { next = text }
        guard let value = Self.take(from: &rest, upTo: next) else { return nil }
        values[name] = value
      }
    }
    return rest.isEmpty ? values : nil
  }

  private static func take(from rest: inout Substring.UTF8View, upTo next: String?) -> String? {
    var bytes: [UInt8] = []
    while let byte = rest.first {
      if let next, !bytes.isEmpty, rest.starts(with: next.utf8) { break }
      if URICharacter.isUnreserved(byte) {
        bytes.append(byte)
        rest = rest.dropFirst()
      } else if byte == UInt8(ascii: "%"), let decoded = URICharacter.decodePercent(rest.prefix(3)) {
        bytes.append(decoded)
        rest = rest.dropFirst(3)
      } else {
        break
      }
    }
    return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }
}

/// RFC 3986, section 2.
enum URICharacter {
  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }

  static func isUnreserved(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || "-._~".utf8.contains(byte)
  }

  /// The byte of `%XX`.
  static func decodePercent(_ triplet: Substring.UTF8View) -> UInt8? {
    guard triplet.count == 3, triplet.first == UInt8(ascii: "%") else { return nil }
    let digits = triplet.dropFirst()
    guard digits.allSatisfy({ isAlphanumeric($0) }) else { return nil }
    return UInt8(Substring(digits), radix: 16)
  }
}
