import Foundation
import JSON
import MCPClient
import Synchronization
import SystemSupport

/// A fresh HOME in which programs run. It is removed with the last reference to it.
public final class Sandbox: Sendable {
  /// The folder around the others. Its path is short, because that of a socket must be.
  private let folder: String
  private let logs = Mutex<[Int32: String]>([:])

  public init() throws {
    let temporary = FileManager.default.temporaryDirectory.path
    folder = (temporary.utf8.count < 20 ? temporary : "/tmp") + "/sandbox-\(UUID().uuidString.prefix(8))"
    for path in [home, self.temporary, records] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  public var home: String { folder + "/home" }
  /// TMPDIR.
  public var temporary: String { folder + "/tmp" }
  /// What programs print.
  private var records: String { folder + "/records" }
  /// Where the program puts its database by default.
  public var database: String { home + "/.cowork-code-mcp/messages.db" }

  // MARK: Commands

  /// Starts a command in the folder HOME.
  ///
  /// - Parameters:
  ///   - output: where it prints instead of into the outcome; closed once the command has it. So is `errors`.
  ///   - environment: added to the little that every command of the sandbox gets.
  public func start(
    _ arguments: [String], command: String = Program.path, input: some Sequence<UInt8> = "".utf8, output: FileDescriptor? = nil,
    errors: FileDescriptor? = nil, environment: [String: String] = [:], folder: String? = nil
  ) throws -> Running {
    let record = "\(records)/\(UUID().uuidString)"
    try Data(input).write(to: URL(fileURLWithPath: record + ".in"))
    let standardInput = try FileDescriptor.opened(record + ".in", .readOnly)
    let output = try output ?? .opened(record + ".out", .writeOnly)
    let errors = try errors ?? .opened(record + ".err", .writeOnly)
    defer { for number in Set([standardInput, output, errors].map(\.rawValue)) { try? FileDescriptor(rawValue: number).close() } }
    // The shell becomes the command.
    let child = try ChildProcess(
      ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder ?? home, command] + arguments, environment: variables(environment),
      input: .descriptor(standardInput), output: .descriptor(output), errors: .descriptor(errors))
    return Running(child: child, record: record)
  }

  @discardableResult
  public func run(
    _ arguments: [String], command: String = Program.path, input: String = "", output: FileDescriptor? = nil,
    environment: [String: String] = [:], folder: String? = nil
  ) async throws -> Outcome {
    try await start(arguments, command: command, input: input.utf8, output: output, environment: environment, folder: folder).outcome
  }

  @discardableResult
  public func run(
    _ arguments: String..., input: String = "", output: FileDescriptor? = nil, environment: [String: String] = [:]
  ) async throws -> Outcome {
    try await run(arguments, input: input, output: output, environment: environment)
  }

  /// Runs a line of the shell, in which `$0` is the program.
  public func shell(_ line: String) async throws -> Outcome { try await run(["-c", line, Program.path], command: "/bin/sh") }

  /// Runs the real sqlite3 on a file, by default the database.
  @discardableResult
  public func sqlite3(_ sql: String, in path: String? = nil) async throws -> String {
    let outcome = try await run(["-cmd", ".timeout 10000", path ?? database, sql], command: "sqlite3")
    guard outcome.status == 0 else { throw TestingError("sqlite3: \(outcome)") }
    return outcome.output.trimmingCharacters(in: .newlines)
  }

  private func variables(_ environment: [String: String]) -> [String: String] {
    ["HOME": home, "TMPDIR": temporary, "PATH": Environment["PATH"] ?? "/usr/bin:/bin", "TERM": "xterm"].merging(environment) { $1 }
  }

  // MARK: Servers

  /// A variable that has a server find its session by its processes: without, each server of a sandbox is a session of its own.
  public static let ofClient = ["COWORK_SESSION": ""]

  /// A client that starts the server with pipes of its own, and passes on what it reads.
  public static let client = [
    "python3", "-c",
    """
    import os, subprocess, sys, threading
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    def relay(reading, writing):
        while data := os.read(reading, 65536):
            while data: data = data[os.write(writing, data):]
        os.close(writing)
    threading.Thread(target=relay, args=(0, server.stdin.fileno()), daemon=True).start()
    relay(server.stdout.fileno(), 1)
    """,
  ]

  /// Starts a server of the program; the caller opens the session.
  ///
  /// - Parameters:
  ///   - launcher: what starts the program, before its path.
  ///   - errors: where it logs instead of into ``log(of:)``; closed once the server has it.
  public func startServer(
    _ arguments: [String], as name: String = "test", wiring: ChildServer.Wiring = .pipes, environment: [String: String] = [:],
    launcher: [String] = [], errors: FileDescriptor? = nil, patience: Duration = .seconds(30)
  ) throws -> ChildServer {
    let log = "\(records)/\(UUID().uuidString).log"
    let errors = try errors ?? FileDescriptor.opened(log, .writeOnly)
    defer { try? errors.close() }
    let server = try ChildServer(
      launcher + [Program.path] + arguments,
      environment: variables(["COWORK_SESSION": UUID().uuidString].merging(environment) { $1 }), errors: .descriptor(errors),
      wiring: wiring,
      settings: .init(name: name, patience: patience))
    logs.withLock { $0[server.pid] = log }
    return server
  }

  /// Starts a server of the program and opens the session.
  public func serve(
    _ arguments: String..., as name: String = "test", wiring: ChildServer.Wiring = .pipes, environment: [String: String] = [:],
    launcher: [String] = [], patience: Duration = .seconds(30)
  ) async throws -> ChildServer {
    let server = try startServer(
      arguments, as: name, wiring: wiring, environment: environment, launcher: launcher, patience: patience)
    try await server.connect()
    return server
  }

  /// What a server of this sandbox has written to standard error.
  public func log(of server: ChildServer) -> String {
    logs.withLock { $0[server.pid] }.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
  }

  // MARK: Files

  public func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: home + "/" + path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  public func read(_ path: String) -> String? { try? String(contentsOfFile: home + "/" + path, encoding: .utf8) }

  /// The paths of all files and folders below HOME.
  public var files: [String] { (FileManager.default.enumerator(atPath: home)?.allObjects as? [String] ?? []).sorted() }
}

/// A command that was started.
public struct Running: Sendable {
  fileprivate let child: ChildProcess
  fileprivate let record: String
  private let start = ContinuousClock.now
  /// Waits from the start, so that the process is gone once it has ended, and not only once the outcome is asked for.
  private let end: Task<TerminationStatus, Never>

  fileprivate init(child: ChildProcess, record: String) {
    self.child = child
    self.record = record
    end = Task { await child.exit() }
  }

  public var pid: Int32 { child.pid }

  public func signal(_ number: Int32) { child.signal(number) }

  /// How it ends. A command that does not end is killed.
  public var outcome: Outcome {
    get async throws {
      let killer = Task { [child] in
        try await Task.sleep(for: .seconds(120))
        child.kill()
      }
      defer { killer.cancel() }
      let status = await end.value.code
      func text(_ stream: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: record + stream))) ?? Data(), as: UTF8.self)
      }
      return Outcome(status: status, output: text(".out"), errors: text(".err"), elapsed: .now - start)
    }
  }
}

/// How a command ended.
public struct Outcome: Sendable {
  /// 128 and the signal's number where a signal ended it.
  public let status: Int32
  public let output: String
  public let errors: String
  public let elapsed: Duration

  /// The only line of output.
  public var json: JSON {
    get throws {
      guard output.hasSuffix("\n"), !output.dropLast().contains("\n") else {
        throw TestingError("One line of JSON, not: \(output) \(errors)")
      }
      return try JSON(decoding: String(output.dropLast()))
    }
  }
}

extension FileDescriptor {
  fileprivate static func opened(_ path: String, _ mode: AccessMode) throws -> FileDescriptor {
    try open(path, mode, options: mode == .readOnly ? [.closeOnExec] : [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
  }
}
