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

extension Double: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Double? { Double(Substring(decoding: text, as: UTF8.self)) }
}

extension Bool: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
    let text = String(decoding: text, as: UTF8.self)
    return text == "t" ? true : text == "f" ? false : nil
  }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Wrapped?? { Wrapped.decode(text).map(Optional.some) }
  public static var ofNull: Wrapped?? { .some(nil) }
}

extension Array: PostgresDecodable where Element: PostgresDecodable & LosslessStringConvertible {
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [Element]? {
    guard let elements = ArrayText.decode(text) else { return nil }
    let values = elements.compactMap { $0.flatMap(Element.init) }
    return values.count == elements.count ? values : nil
  }
}
