/// The name of a workspace: projects that must not see each other's messages use different ones.
///
/// Spelled like an `Identity`.
public struct Workspace: Hashable, Sendable, CustomStringConvertible {
  /// The name itself.
  public let name: String

  /// Checks the spelling of a name.
  ///
  /// - Throws: `BridgeError` with the code `invalidName` that says which spelling is allowed.
  public init(_ name: String) throws(BridgeError) {
    guard NameRule.permits(name) else { throw .invalidName(name, of: "workspace") }
    self.name = name
  }

  public var description: String { name }
}
