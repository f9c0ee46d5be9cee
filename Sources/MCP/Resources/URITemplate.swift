/// A URI template of RFC 6570, level 1, with one variable at its end: `bridge://tasks/{id}`.
struct URITemplate: Hashable, Sendable {
  private let prefix: String
  let variable: String

  /// `nil` for anything else.
  init?(_ template: String) {
    guard let open = template.firstIndex(of: "{"), template.last == "}" else { return nil }
    prefix = String(template[..<open])
    variable = String(template[open...].dropFirst().dropLast())
    let isName = !variable.isEmpty && variable.utf8.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    if prefix.contains("}") || !isName { return nil }
  }

  /// The variable's value, decoded, if the URI fits the template. A value is one or more unreserved characters or `%XX` (RFC 3986, section 2).
  func match(_ uri: String) -> String? {
    guard uri.utf8.starts(with: prefix.utf8) else { return nil }
    var rest = uri.utf8.dropFirst(prefix.utf8.count)
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if Self.isAlphanumeric(byte) || "-._~".utf8.contains(byte) {
        bytes.append(byte)
      } else if byte == UInt8(ascii: "%"), rest.prefix(2).allSatisfy(Self.isAlphanumeric), rest.count > 1,
        let decoded = UInt8(Substring(rest.prefix(2)), radix: 16)
      {
        bytes.append(decoded)
        rest = rest.dropFirst(2)
      } else {
        return nil
      }
    }
    return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    let scalar = Unicode.Scalar(byte)
    return scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
  }
}
