import Foundation
import JSON
import MCP
import Testing

/// A HOME of its own for the processes of one test.
final class Sandbox: Sendable {
  struct Outcome: Sendable {
    let status: Int32
    let output: String
    let errors: String
    let elapsed: Duration
    /// Milliseconds.
    let processor: Double

    var json: JSON? { try? JSON(decoding: output.trimmingCharacters(in: .newlines)) }
  }

  let home: String

  init() throws {
    // Short, because the path of a socket is.
    let temporary = FileManager.default.temporaryDirectory.path
    home = (temporary.utf8.count < 20 ? temporary : "/tmp") + "/wake-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: home) }

  var database: String { home + "/.cowork-code-mcp/messages.db" }

  static let searchPath = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

  func environment(_ more: [String: String] = [:]) -> [String: String] {
    ["HOME": home, "PATH": Self.searchPath].merging(more) { $1 }
  }

  /// Starts the program.
  func start(
    _ arguments: [String], environment more: [String: String] = [:], command: String = Program.path, folder: String? = nil, errors: String
  ) throws -> Program {
    try Program([command] + arguments, environment: environment(more), folder: folder, errors: errors)
  }

  /// Runs the program to its end.
  @discardableResult
  func run(
    _ arguments: [String], input: String = "", environment more: [String: String] = [:], command: String = Program.path,
    folder: String? = nil
  ) async throws -> Outcome {
    let errors = "\(home)/errors-\(UUID().uuidString)"
    let begin = ContinuousClock.now
    let program = try start(arguments, environment: more, command: command, folder: folder, errors: errors)
    // A program that does not end fails its test, and no other.
    let executioner = Task {
      try await Task.sleep(for: .seconds(60))
      program.send(SIGKILL)
    }
    defer { executioner.cancel() }
    let output = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let writer = FileHandle(fileDescriptor: program.input, closeOnDealloc: true)
        try? writer.write(contentsOf: Data(input.utf8))
        try? writer.close()
        let data = try? FileHandle(fileDescriptor: program.output, closeOnDealloc: true).readToEnd()
        continuation.resume(returning: String(decoding: data ?? Data(), as: UTF8.self))
      }
    }
    let end = try await program.end()
    let said = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
    try? FileManager.default.removeItem(atPath: errors)
    return Outcome(
      status: end.status, output: output, errors: said, elapsed: begin.duration(to: .now), processor: end.processor)
  }

  /// Sends a message by another process, and returns its id.
  func send(_ content: String, from sender: String = "cowork", to recipient: String = "code") async throws -> String {
    let outcome = try await run(["send", recipient, content, "--as", sender, "--json"])
    return try #require(outcome.json?["message_id"]?.stringValue, "\(outcome)")
  }

  /// Runs the real sqlite3 on the database, as a person would.
  @discardableResult
  func sqlite3(_ sql: String) async throws -> String {
    let outcome = try await run(["-cmd", ".timeout 10000", database, sql], command: "sqlite3")
    try #require(outcome.status == 0, "\(outcome)")
    return outcome.output.trimmingCharacters(in: .newlines)
  }

  /// Calls one of Claude Code's hooks.
  func hook(_ event: String, session: String? = "s1", extra: JSONObject = [:], options: [String] = []) async throws -> Outcome {
    var input = extra
    if let session { input["session_id"] = .string(session) }
    return try await run(["hook", event] + options, input: String(decoding: JSON.object(input).encoded(), as: UTF8.self))
  }

  func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: home + "/" + path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func read(_ path: String) -> String? { try? String(contentsOfFile: home + "/" + path, encoding: .utf8) }

  /// The files below a folder, by their paths.
  func files(in folder: String = "") -> [String] {
    (FileManager.default.enumerator(atPath: home + "/" + folder)?.allObjects as? [String] ?? []).sorted()
  }
}
