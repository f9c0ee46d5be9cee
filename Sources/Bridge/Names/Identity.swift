/// The name under which an agent sends and receives.
///
/// 1 to 63 characters of `a-z`, `0-9`, `.`, `_` and `-`, the first a letter or a digit.
public struct Identity: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let name: String

  /// Claude Code's usual name.
  public static let code = Identity(unchecked: "code")
  /// Claude Cowork's and Claude Desktop's usual name.
  public static let cowork = Identity(unchecked: "cowork")
  /// The usual name of a person who takes part.
  public static let user = Identity(unchecked: "user")
  /// The identities that exist without ever having connected.
  public static let wellKnown = [code, cowork]

  /// Checks the spelling of a name.
  ///
  /// - Throws: `BridgeError` with the code `invalidName` that says which spelling is allowed.
  public init(_ name: String) throws(BridgeError) {
    guard NameRule.permits(name) else { throw .invalidName(name, of: "agent") }
    self.name = name
  }

  private init(unchecked name: String) { self.name = name }

  public var description: String { name }

  public static func < (left: Identity, right: Identity) -> Bool { left.name < right.name }
}
