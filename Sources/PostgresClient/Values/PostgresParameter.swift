/// A value for `$1`, `$2`, … of a statement. Literals work: `["code", 42, true, nil]`.
public enum PostgresParameter: Sendable, Hashable {
  /// Text without a declared type: the server infers it from the place (uuid, timestamptz, jsonb, …). Write `$1::text` where it cannot.
  /// A NUL character is refused with `.invalidParameter`: Postgres cannot store it.
  case text(String)
  /// `int8`.
  case int(Int64)
  /// `float8`.
  case double(Double)
  case bool(Bool)
  /// `text[]`; for `= ANY($1)` on another type write `$1::uuid[]`.
  case textArray([String?])
  /// `int8[]`.
  case intArray([Int64])
  case null

  public static func optional(_ value: String?) -> PostgresParameter { value.map(PostgresParameter.text) ?? .null }
  public static func optional(_ value: Int64?) -> PostgresParameter { value.map(PostgresParameter.int) ?? .null }
  public static func int(_ value: Int) -> PostgresParameter { .int(Int64(value)) }
}

extension PostgresParameter: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) { self = .text(value) }
}
extension PostgresParameter: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self = .int(value) }
}
extension PostgresParameter: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Double) { self = .double(value) }
}
extension PostgresParameter: ExpressibleByBooleanLiteral {
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
extension PostgresParameter: ExpressibleByNilLiteral {
  public init(nilLiteral: ()) { self = .null }
}
