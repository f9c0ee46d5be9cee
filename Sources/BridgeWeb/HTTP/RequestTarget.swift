/// The target of a request: a path, and the parameters behind it.
struct RequestTarget: Hashable, Sendable {
  /// As it came: percent-encoded.
  let path: String
  /// The query without the question mark, as it came.
  private let query: Substring

  /// - Throws: `Refusal` for any other form of a target than a path.
  init(_ target: String) throws(Refusal) {
    guard target.hasPrefix("/") else { throw .badRequest }
    let parts = target.prefix { $0 != "#" }.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    (path, query) = (String(parts[0]), parts.count > 1 ? parts[1] : "")
  }

  /// The parts of the path between the slashes, decoded.
  var components: [String] {
    get throws(Refusal) {
      var components: [String] = []
      for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
        components.append(try Self.decoded(part, plusIsSpace: false))
      }
      return components
    }
  }

  /// The value of a parameter; nil where it is missing or empty.
  ///
  /// - Throws: `Refusal` where it is there twice, or is no UTF-8.
  subscript(name: String) -> String? {
    get throws(Refusal) {
      var found: String?
      for item in items where try Self.decoded(item.name) == name {
        if found != nil { throw .invalid("The parameter \(name) is there twice: leave one of them out.") }
        found = try Self.decoded(item.value)
      }
      return found?.isEmpty == false ? found : nil
    }
  }

  /// The same for a whole number.
  func number(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(Refusal) -> Int {
    guard let text = try self[name] else { return standard }
    guard let number = Int(text), range.contains(number) else {
      throw .invalid("The parameter \(name) must be a number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  /// Path and query without a parameter.
  func removing(_ name: String) throws(Refusal) -> String {
    var kept: [Substring] = []
    for item in items where try Self.decoded(item.name) != name { kept.append(item.text) }
    return kept.isEmpty ? path : "\(path)?\(kept.joined(separator: "&"))"
  }

  private var items: [(text: Substring, name: Substring, value: Substring)] {
    query.split(separator: "&").map { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (text, parts[0], parts.count > 1 ? parts[1] : "")
    }
  }

  private static func decoded(_ text: Substring, plusIsSpace: Bool = true) throws(Refusal) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard rest.count >= 2, rest.prefix(2).allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
          let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
        else { throw .invalid("The address is not percent-encoded text.") }
        bytes.append(value)
        rest = rest.dropFirst(2)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalid("The address is not UTF-8.") }
    return text
  }
}
