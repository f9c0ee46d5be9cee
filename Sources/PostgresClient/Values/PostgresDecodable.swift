/// A type that a column's text form can be read as.
public protocol PostgresDecodable: Sendable {
  /// The value of a column that is not NULL, in Postgres's text form, or nil when it is not of this type.
  static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Self?
  /// The value of a NULL, or nil if NULL is an error.
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

/// What an array column can hold.
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
