/// A type that a column's text form can be read as.
public protocol PostgresDecodable: Sendable {
  /// The value of a column that is not NULL, in Postgres's text form, or nil when it is not of this type.
  static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Self?
  /// The value of a NULL, or nil where that is an error.
  static var ofNull: Self? { get }
}

extension PostgresDecodable {
  public static var ofNull: Self? { nil }
}

extension String: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> String? { String(decoding: text, as: UTF8.self) }
}

extension PostgresDecodable where Self: FixedWidthInteger {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Self? { Self(Substring(decoding: text, as: UTF8.self)) }
}
extension Int: PostgresDecodable {}
extension Int64: PostgresDecodable {}
extension Int32: PostgresDecodable {}
extension UInt32: PostgresDecodable {}

extension Double: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Double? { Double(Substring(decoding: text, as: UTF8.self)) }
}

extension Bool: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
    guard text.count == 1 else { return nil }
    switch text[0] {
    case UInt8(ascii: "t"): return true
    case UInt8(ascii: "f"): return false
    default: return nil
    }
  }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [Element]? { Element.decodeArray(text) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Wrapped?? { Wrapped.decode(text).map(Optional.some) }
  public static var ofNull: Wrapped?? { .some(nil) }
}

/// What an array column can hold: `[String]`, `[Int64]`, `[Int]`; `[UInt8]` is `bytea`.
public protocol PostgresArrayElement: Sendable {
  static func decodeArray(_ text: UnsafeBufferPointer<UInt8>) -> [Self]?
}

extension PostgresArrayElement where Self: LosslessStringConvertible {
  public static func decodeArray(_ text: UnsafeBufferPointer<UInt8>) -> [Self]? {
    guard let elements = ArrayText.decode(text) else { return nil }
    let values = elements.compactMap { $0.flatMap(Self.init) }
    return values.count == elements.count ? values : nil
  }
}
extension String: PostgresArrayElement {}
extension Int: PostgresArrayElement {}
extension Int64: PostgresArrayElement {}

extension UInt8: PostgresArrayElement {
  /// The hex form of `bytea` (`\x0af3`), the server's default since 9.0.
  public static func decodeArray(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard text.count >= 2, text.count % 2 == 0, text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x") else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 2 - 1)
    for index in stride(from: 2, to: text.count, by: 2) {
      guard let high = nibble(text[index]), let low = nibble(text[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): return digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): return digit - UInt8(ascii: "A") + 10
    default: return nil
    }
  }
}
