/// The spelling that identities and workspaces share: `[a-z0-9][a-z0-9._-]{0,62}`.
public enum NameRule {
  /// The rule in words, behind "a name of".
  public static let form = "1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit"

  static func permits(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, bytes.count <= 63, isLetterOrDigit(first) else { return false }
    return bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
