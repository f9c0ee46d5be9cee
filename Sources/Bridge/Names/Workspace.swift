/// The name of a workspace: projects that must not see each other's messages use different ones.
///
/// Spelled like an `Identity`.
public struct Workspace: Hashable, Sendable, CustomStringConvertible {
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

/// The spelling that identities and workspaces share: `[a-z0-9][a-z0-9._-]{0,62}`.
public enum NameRule {
  /// The rule in words, behind "a name of".
  public static let form = "1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit"

  static func permits(_ name: String) -> Bool {
    let characters = name.utf8
    guard let first = characters.first, characters.count <= 63 else { return false }
    return !"._-".utf8.contains(first) && characters.allSatisfy("abcdefghijklmnopqrstuvwxyz0123456789._-".utf8.contains)
  }
}
