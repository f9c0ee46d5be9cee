/// A JSON value (RFC 8259).
///
/// Whole numbers that fit 64 bits are `integer`, all other numbers are `number`; `1` and `1.0` are therefore different values, and
/// ``wholeNumber`` is the way to read either.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A number with a fraction or an exponent, or beyond 64 bits. A number beyond a double is infinite; it is written as `1e999`.
  case number(Double)
  case string(String)
  /// A string with half of a surrogate pair (`"\ud83d"`), which is not text in any encoding. Here U+FFFD takes its place, so who keeps or
  /// compares texts must refuse it.
  case brokenString(String)
  case array([JSON])
  case object(JSONObject)
}

extension JSON {
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The text of any string, for those who only look at it.
  public var shownString: String? {
    if case .brokenString(let value) = self { value } else { stringValue }
  }

  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var arrayValue: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The value of a number without a fraction that fits 64 bits, however it was spelled: `5`, `5.0` and `0.5e1` are 5.
  public var wholeNumber: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  /// The value of any number; integers beyond 53 bits are rounded.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The member of an object; `nil` if there is none, or this is no object.
  public subscript(key: String) -> JSON? {
    objectValue?[key]
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}
