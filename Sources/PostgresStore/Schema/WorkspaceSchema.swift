import Bridge
import PostgresClient
import Schema

/// The Postgres schema of a workspace.
public struct WorkspaceSchema: Hashable, Sendable {
  /// At most 63 bytes.
  public let name: String
  /// As SQL writes it.
  let quoted: String

  /// `cowork_bridge` without a workspace, otherwise `cowork_bridge_NAME`. A name that is too long for Postgres ends in a checksum.
  public init(_ workspace: Workspace?) {
    let whole = workspace.map { "cowork_bridge_\($0)" } ?? "cowork_bridge"
    name = whole.utf8.count <= 63 ? whole : whole.prefix(46) + "_" + Self.checksum(whole)
    // Names of workspaces have no quotes.
    quoted = "\"\(name)\""
  }

  /// FNV-1a, 64 bits, 16 hexadecimal digits.
  private static func checksum(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The name of the advisory lock that one migration at a time holds.
  var lock: String { "cowork_bridge \(name)" }

  /// A numbered file, and after the newest one the functions, with psql's variable `schema` substituted.
  func sql(of migration: Schema.Migration, isNewest: Bool) -> String {
    (migration.sql + (isNewest ? Schema.postgresFunctions : ""))
      .split(separator: ":\"schema\"", omittingEmptySubsequences: false).joined(separator: quoted)
      .split(separator: ":'schema'", omittingEmptySubsequences: false).joined(separator: "'\(name)'")
  }
}
