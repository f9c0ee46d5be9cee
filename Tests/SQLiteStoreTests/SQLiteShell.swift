import Foundation
import Synchronization

/// The real `sqlite3` command, as a person types it.
struct SQLiteShell {
  struct Failure: Error {
    let status: Int32
    let message: String
  }

  let path: String

  init(_ path: String) { self.path = path }

  /// Runs one argument of SQL or dot-commands. Rows are shown as the command shows them: columns with `|`.
  @discardableResult func run(_ sql: String) async throws -> String { try await Command.run("sqlite3", [path, sql]) }

  /// Rows with NULL told from an empty text.
  func rows(_ sql: String) async throws -> [[String?]] {
    let quoted = try await Command.run("sqlite3", ["-quote", "-separator", "\u{1F}", path, sql])
    return quoted.split(separator: "\n").map { line in
      line.split(separator: "\u{1F}" as Character, omittingEmptySubsequences: false).map { Self.value(String($0)) }
    }
  }

  private static func value(_ literal: String) -> String? {
    if literal == "NULL" { return nil }
    return literal.hasPrefix("'") ? String(literal.dropFirst().dropLast()).replacing("''", with: "'") : literal
  }
}

/// A program that is run to its end.
enum Command {
  static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    return try await withCheckedThrowingContinuation { continuation in
      // Not on the cooperative threads: this blocks.
      Thread.detachNewThread {
        do {
          try process.run()
          let text = output.fileHandleForReading.readDataToEndOfFile()
          let message = errors.fileHandleForReading.readDataToEndOfFile()
          process.waitUntilExit()
          guard process.terminationStatus == 0 else {
            throw SQLiteShell.Failure(status: process.terminationStatus, message: String(decoding: message, as: UTF8.self))
          }
          continuation.resume(returning: String(decoding: text, as: UTF8.self))
        } catch { continuation.resume(throwing: error) }
      }
    }
  }
}
