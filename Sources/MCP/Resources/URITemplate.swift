/// A URI template of RFC 6570, level 1, with one variable at its end: `bridge://tasks/{id}`.
struct URITemplate: Hashable, Sendable {
  private let prefix: String
  let variable: String

  /// `nil` for anything else.
  init?(_ template: String) {
    guard let open = template.firstIndex(of: "{"), template.last == "}" else { return nil }
    prefix = String(template[..<open])
    variable = String(template[open...].dropFirst().dropLast())
    guard !prefix.contains("}"), !variable.isEmpty, variable.utf8.allSatisfy({ Self.isAlphanumeric($0) || $0 == UInt8(ascii: "_") })
    else { return nil }
  }

  /// The variable's value, decoded, if the URI fits the template. A value is one or more unreserved characters or `%XX` (RFC 3986, section 2).
  func match(_ uri: String) -> String? {
    guard uri.utf8.starts(with: prefix.utf8) else { return nil }
    var rest = uri.utf8.dropFirst(prefix.utf8.count)
    var bytes: [UInt8] = []
    while let byte = rest.first {
      if Self.isAlphanumeric(byte) || "-._~".utf8.contains(byte) {
        bytes.append(byte)
        rest = rest.dropFirst()
      } else if byte == UInt8(ascii: "%"), let decoded = Self.decoded(rest.dropFirst().prefix(2)) {
        bytes.append(decoded)
        rest = rest.dropFirst(3)
      } else {
        return nil
      }
    }
    return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }

  private static func decoded(_ digits: Substring.UTF8View) -> UInt8? {
    guard digits.count == 2, digits.allSatisfy(isAlphanumeric) else { return nil }
    return UInt8(Substring(digits), radix: 16)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
