import Foundation
import JSON
import MCP
import ProcessTesting
import Synchronization

/// The real program, serving one agent as a child process, and the client that talks to it.
final class ServerChild: Sendable {
  private struct State {
    var lastID: Int64 = 0
    var waiting: [Int64: CheckedContinuation<JSON?, Never>] = [:]
    var hasEnded = false
    var output = ""
    var errors = ""
  }

  private let state = Mutex(State())
  private let input: FileHandle
  private let pid: pid_t
  private let exit = Event()

  /// `serve IDENTITY` with these arguments; answers `initialize` before it returns.
  static func start(_ identity: String, url: String, _ arguments: [String] = [], logLevel: String = "debug") async throws -> ServerChild {
    let child = try ServerChild([identity, "--log-level", logLevel] + arguments, url: url)
    _ = try await child.ask(
      "initialize", ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": ["name": "test", "version": "1"]])
    try child.write(["jsonrpc": "2.0", "method": "notifications/initialized"])
    return child
  }

  private init(_ arguments: [String], url: String) throws {
    let (input, output, errors) = (try Ends(), try Ends(), try Ends())
    // By the environment, as the README advises: arguments are shown by `ps`.
    let pid = try Program.start(["serve"] + arguments, ["COWORK_DATABASE_URL": url], [input.read, output.write, errors.write])
    self.pid = pid
    self.input = input.write
    read(output.read) { $0.take(line: $1) }
    read(errors.read) { child, line in child.state.withLock { $0.errors += line + "\n" } }
    let exit = exit
    Thread.detachNewThread {
      _ = Spawn.wait(for: pid)
      exit.happen()
    }
  }

  // MARK: talking

  /// The result of a request, or its error; throws when the process has ended instead.
  func ask(_ method: String, _ params: JSON = [:]) async throws -> JSON {
    let answer = await withCheckedContinuation { (continuation: CheckedContinuation<JSON?, Never>) in
      let id = state.withLock { state -> Int64? in
        guard !state.hasEnded else { return nil }
        state.lastID += 1
        state.waiting[state.lastID] = continuation
        return state.lastID
      }
      guard let id else { return continuation.resume(returning: nil) }
      try? write(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
    }
    guard let answer else { throw ServerEnded(errors: errors) }
    return answer["result"] ?? answer["error"] ?? .null
  }

  /// What a tool returned.
  func call(_ tool: String, _ arguments: JSON = [:]) async throws -> ToolResult {
    ToolResult(try await ask("tools/call", ["name": .string(tool), "arguments": arguments]))
  }

  private func write(_ message: JSON) throws {
    try input.write(contentsOf: Data(message.encoded() + [UInt8(ascii: "\n")]))
  }

  private func take(line: String) {
    let waiter = state.withLock { state -> (CheckedContinuation<JSON?, Never>, JSON)? in
      state.output += line + "\n"
      guard let message = try? JSON(decoding: line), let id = message["id"]?.wholeNumber,
        let waiter = state.waiting.removeValue(forKey: id)
      else { return nil }
      return (waiter, message)
    }
    if let (waiter, message) = waiter { waiter.resume(returning: message) }
  }

  // MARK: what it wrote

  /// Standard error so far.
  var errors: String { state.withLock(\.errors) }
  /// Everything so far.
  var everything: String { state.withLock { $0.output + $0.errors } }

  private func read(_ handle: FileHandle, _ take: @escaping @Sendable (ServerChild, String) -> Void) {
    Thread.detachNewThread { [self] in
      var rest = Data()
      while case let data = handle.availableData, !data.isEmpty {
        rest += data
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          take(self, String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
          rest = Data(rest[rest.index(after: end)...])
        }
      }
      let waiters = state.withLock { state in
        state.hasEnded = true
        defer { state.waiting = [:] }
        return Array(state.waiting.values)
      }
      for waiter in waiters { waiter.resume(returning: nil) }
    }
  }

  // MARK: its end

  /// SIGKILL.
  func kill() async {
    Foundation.kill(pid, SIGKILL)
    await exit.happened()
  }

  /// Closes its input, as a client does, and waits until it is gone.
  func stop() async {
    try? input.close()
    await exit.happened()
  }

  var isRunning: Bool { Foundation.kill(pid, 0) == 0 }
}

struct ServerEnded: Error {
  let errors: String
}

/// The result of a tool call.
struct ToolResult: Sendable {
  let json: JSON

  init(_ json: JSON) { self.json = json }

  var isError: Bool { json["isError"]?.boolValue == true || json["code"] != nil }
  var content: JSON { json["structuredContent"] ?? .null }
  /// The text block: for an error, its sentence.
  var text: String { json["content"]?.arrayValue?.first?["text"]?.stringValue ?? json["message"]?.stringValue ?? "" }

  /// The contents of the messages that came with it.
  var messages: [String] { (content["messages"]?.arrayValue ?? []).compactMap { $0["content"]?.stringValue } }
}

/// The program that the build made beside the tests.
enum Program {
  static func url() throws -> URL {
    for argument in CommandLine.arguments {
      var folder = URL(fileURLWithPath: argument)
      while folder.path.count > 1 {
        folder.deleteLastPathComponent()
        let program = folder.appending(path: "cowork-code-mcp-server")
        if FileManager.default.isExecutableFile(atPath: program.path), !isFolder(program) { return program }
      }
    }
    throw TestingError("cowork-code-mcp-server is not beside the tests (\(CommandLine.arguments)): build it with swift build")
  }

  private static func isFolder(_ url: URL) -> Bool {
    (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
  }

  /// Runs a command to its end.
  static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> (
    status: Int32, output: String, errors: String
  ) {
    let (output, errors) = (try Ends(), try Ends())
    let pid = try start(arguments, environment, [nil, output.write, errors.write])
    async let errorText = text(of: errors.read)
    let outputText = await text(of: output.read)
    return (await status(of: pid), outputText, await errorText)
  }

  /// Closes what it was given as its standard streams.
  static func start(_ arguments: [String], _ environment: [String: String], _ standard: [FileHandle?]) throws -> pid_t {
    let environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let pid = try Spawn.start([try url().path] + arguments, environment: environment, standard: standard.map { $0?.fileDescriptor })
    for handle in standard { try handle?.close() }
    return pid
  }

  /// Not on the cooperative threads: it blocks.
  private static func text(of handle: FileHandle) async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)) }
    }
  }

  private static func status(of pid: pid_t) async -> Int32 {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: Spawn.wait(for: pid).code) }
    }
  }
}

/// A pipe that no other child inherits: one that held an end would keep the other side from seeing the end.
private struct Ends {
  let read: FileHandle
  let write: FileHandle

  init() throws {
    let ends = try Descriptors.makePipe()
    read = FileHandle(fileDescriptor: ends.read, closeOnDealloc: true)
    write = FileHandle(fileDescriptor: ends.write, closeOnDealloc: true)
  }
}

/// Something that happens once.
final class Event: Sendable {
  private let state = Mutex<(happened: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

  func happen() {
    let waiters = state.withLock { state in
      state.happened = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func happened() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.happened { state.waiters.append(continuation) }
        return state.happened
      }
      if isOver { continuation.resume() }
    }
  }
}
