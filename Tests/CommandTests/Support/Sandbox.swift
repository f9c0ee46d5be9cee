import Foundation
import JSON
import MCP
import ProcessTesting
import Testing

/// A temporary home folder in which the real program runs.
final class Sandbox: Sendable {
  let home: String

  init() throws {
    home = NSTemporaryDirectory() + "cowork-command-tests-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: home + "/tmp", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: home) }

  var database: String { home + "/.cowork-code-mcp/messages.db" }

  /// Runs the program to its end.
  func run(
    _ arguments: String..., input: String = "", output: FileHandle? = nil, environment: [String: String] = [:]
  ) async throws -> Outcome {
    try await start(Program.path, arguments, input: Array(input.utf8), output: output, environment: environment).outcome
  }

  /// Runs a line of the shell, in which `$0` is the program.
  func shell(_ line: String) async throws -> Outcome {
    try await start("/bin/sh", ["-c", line, Program.path]).outcome
  }

  /// Types a line into the real `sqlite3`.
  @discardableResult
  func sqlite(_ sql: String) async throws -> String {
    let outcome = try await start("/usr/bin/env", ["sqlite3", database, sql]).outcome
    try #require(outcome.status == 0, "sqlite3: \(outcome.error)")
    return outcome.output
  }

  func start(
    _ executable: String, _ arguments: [String], input: [UInt8] = [], output: FileHandle? = nil, error: FileHandle? = nil,
    environment: [String: String] = [:]
  ) throws -> Running {
    let folder = home + "/run-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    for (name, content) in ["in": input, "out": [], "err": []] { try Data(content).write(to: URL(fileURLWithPath: folder + "/" + name)) }
    let variables = ["HOME": home, "TMPDIR": home + "/tmp", "PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "xterm"]
      .merging(environment) { $1 }
    let (standardInput, out, err) = (
      try FileHandle(forReadingFrom: URL(fileURLWithPath: folder + "/in")),
      try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/out")),
      try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/err"))
    )
    // The shell becomes the program.
    let pid = try Spawn.start(
      ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", home, executable] + arguments, environment: variables,
      standard: [standardInput, output ?? out, error ?? err].map(\.fileDescriptor))
    let (exits, exited) = AsyncStream.makeStream(of: Int32.self)
    Thread.detachNewThread {
      exited.yield(Spawn.wait(for: pid).code)
      exited.finish()
    }
    return Running(folder: folder, pid: pid, exits: exits)
  }
}

/// A process that was started.
struct Running: Sendable {
  let folder: String
  let pid: Int32
  let exits: AsyncStream<Int32>

  var outcome: Outcome {
    get async throws {
      for await status in exits {
        return Outcome(
          status: status, output: String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/out")), as: UTF8.self),
          error: String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/err")), as: UTF8.self))
      }
      throw CancellationError()
    }
  }
}

/// How a run ended.
struct Outcome: Sendable {
  let status: Int32
  let output: String
  let error: String

  /// The only line of output as JSON.
  var json: JSON {
    get throws {
      try #require(output.hasSuffix("\n") && !output.dropLast().contains("\n"), "One line of JSON, not: \(output) \(error)")
      return try JSON(decoding: String(output.dropLast()))
    }
  }
}

extension JSON {
  func text(_ key: String) throws -> String { try #require(self[key]?.stringValue) }
  func list(_ key: String) throws -> [JSON] { try #require(self[key]?.arrayValue) }
}
