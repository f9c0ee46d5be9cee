/// Tells the numbers, dates and truth values of TOML from what is none.
enum TOMLScalar {
  static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    let isSigned = take(&rest, "+-")
    if rest.elementsEqual("inf".utf8) || rest.elementsEqual("nan".utf8) { return true }
    if isSigned { return isNumber(rest) }
    return rest.elementsEqual("true".utf8) || rest.elementsEqual("false".utf8) || isNumber(rest) || isDate(rest)
      || bases.contains { prefix, digits in
        rest.starts(with: prefix.utf8) && takeDigits(&rest, from: prefix.utf8.count, { digits.utf8.contains($0) }) && rest.isEmpty
      }
  }

  private static let bases = [("0x", "0123456789abcdefABCDEF"), ("0o", "01234567"), ("0b", "01")]

  private static func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    guard takeDigits(&rest, isDigit), bytes.first != UInt8(ascii: "0") || rest.startIndex == bytes.startIndex + 1 else { return false }
    if take(&rest, "."), !takeDigits(&rest, isDigit) { return false }
    if take(&rest, "eE") {
      _ = take(&rest, "+-")
      if !takeDigits(&rest, isDigit) { return false }
    }
    return rest.isEmpty
  }

  /// Only a date has a blank in it.
  private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
    let digits = bytes.prefix(while: isDigit).count
    let mark = bytes.dropFirst(digits).first
    guard digits == 4 && mark == UInt8(ascii: "-") || digits == 2 && mark == UInt8(ascii: ":") else { return false }
    let blank = bytes.firstIndex(of: 0x20)
    return bytes.allSatisfy { isDigit($0) || "-:.+TtZz ".utf8.contains($0) } && (blank == nil || blank == bytes.startIndex + 10)
  }

  /// Digits, between which a `_` may stand.
  private static func takeDigits(_ bytes: inout ArraySlice<UInt8>, from start: Int = 0, _ isDigit: (UInt8) -> Bool) -> Bool {
    let digits = bytes.dropFirst(start).prefix { isDigit($0) || $0 == UInt8(ascii: "_") }
    bytes = bytes.dropFirst(start + digits.count)
    return digits.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
  }

  private static func take(_ bytes: inout ArraySlice<UInt8>, _ any: String) -> Bool {
    guard let byte = bytes.first, any.utf8.contains(byte) else { return false }
    bytes.removeFirst()
    return true
  }

  private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}
