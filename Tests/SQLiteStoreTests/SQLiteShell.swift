import BridgeTesting
import Foundation
import ProcessTesting

/// The real `sqlite3` command, as a person types it.
struct SQLiteShell {
  let path: String

  init(_ path: String) { self.path = path }

  /// Runs one argument of SQL or dot-commands. Rows are printed as by the command, columns separated by `|`.
  @discardableResult func run(_ sql: String) async throws -> String { try await Shell.run(["sqlite3", path, sql]) }

  /// Rows in which NULL differs from empty text.
  func rows(_ sql: String) async throws -> [[String?]] {
    let quoted = try await Shell.run(["sqlite3", "-quote", "-separator", "\u{1F}", path, sql])
    return quoted.split(separator: "\n").map { line in
      line.split(separator: "\u{1F}" as Character, omittingEmptySubsequences: false).map { Self.value(String($0)) }
    }
  }

  private static func value(_ literal: String) -> String? {
    if literal == "NULL" { return nil }
    return literal.hasPrefix("'") ? String(literal.dropFirst().dropLast()).replacing("''", with: "'") : literal
  }
}
