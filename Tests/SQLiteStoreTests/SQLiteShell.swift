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
  /// Waiting for programs blocks: not on the cooperative threads, and not on one thread for each.
  private static let queue: OperationQueue = {
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 4
    return queue
  }()
  /// Foundation's `Process.run` crashes now and then when several threads are in it.
  private static let start = Mutex(())

  @discardableResult static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      queue.addOperation { continuation.resume(with: Result { try runBlocking(name, arguments, environment) }) }
    }
  }

  private static func runBlocking(_ name: String, _ arguments: [String], _ environment: [String: String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try start(process)
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw SQLiteShell.Failure(status: process.terminationStatus, message: String(decoding: message, as: UTF8.self))
    }
    return String(decoding: text, as: UTF8.self)
  }

  static func start(_ process: Process) throws { try start.withLock { _ in try process.run() } }
}
