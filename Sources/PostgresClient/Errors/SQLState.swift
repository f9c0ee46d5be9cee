/// A five-character SQLSTATE (PostgreSQL manual, appendix A). Compare with `==`, or by class.
public struct SQLState: Sendable, Hashable, CustomStringConvertible {
  public let rawValue: String

  /// Any code, so that those of other engines pass.
  public init(_ rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }

  /// The first two characters: `23` is an integrity violation, `08` a connection exception.
  public var classCode: String { String(rawValue.prefix(2)) }

  public static let uniqueViolation = SQLState("23505")
  public static let foreignKeyViolation = SQLState("23503")
  public static let undefinedTable = SQLState("42P01")
  public static let insufficientPrivilege = SQLState("42501")
  public static let syntaxError = SQLState("42601")
  public static let invalidSchemaName = SQLState("3F000")
  public static let invalidCatalogName = SQLState("3D000")
  public static let invalidPassword = SQLState("28P01")
  public static let serializationFailure = SQLState("40001")
  public static let deadlockDetected = SQLState("40P01")
  public static let lockNotAvailable = SQLState("55P03")
  public static let queryCanceled = SQLState("57014")
  public static let adminShutdown = SQLState("57P01")
  public static let crashShutdown = SQLState("57P02")
  public static let cannotConnectNow = SQLState("57P03")
  public static let tooManyConnections = SQLState("53300")
  public static let invalidStatementName = SQLState("26000")
  public static let featureNotSupported = SQLState("0A000")
  public static let readOnlyTransaction = SQLState("25006")
}
