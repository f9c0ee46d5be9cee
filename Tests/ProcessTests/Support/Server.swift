import Foundation
import JSON
import MCP
import Synchronization
import Testing

/// A running server process, and a client's end of the connection to it.
final class Server: Sendable {
  private struct State {
    var lastID: Int64 = 0
    var replies: [Int64: Event<JSON>] = [:]
    var messages: [JSON] = []
    var strangeLines: [String] = []
    var hasEnded = false
  }

  let home: Home
  let child: Child
  let log: URL
  private let reader: OutputReader
  private let state = Mutex(State())

  /// Starts a server; `initialize` is up to the caller.
  init(
    _ home: Home, as name: String, wiring: Wiring = .pipes, options: [String] = [], environment: [String: String] = [:]
  ) throws {
    self.home = home
    log = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString)")
    let base = ["HOME": home.folder.path, "PATH": searchPath]
    child = try Child(
      [serverPath, name] + options, environment: base.merging(environment) { $1 }, wiring: wiring, standardError: log)
    reader = try OutputReader(child.output)
    reader.start(line: { [weak self] in self?.receive($0) }, end: { [weak self] in self?.outputEnded() })
  }

  deinit {
    reader.stop()
    try? FileManager.default.removeItem(at: log)
  }

  /// Starts a server and shakes hands with it.
  static func start(
    _ home: Home, as name: String, wiring: Wiring = .pipes, options: [String] = [], environment: [String: String] = [:]
  ) async throws -> Server {
    let server = try Server(home, as: name, wiring: wiring, options: options, environment: environment)
    try await server.initialize()
    return server
  }

  @discardableResult
  func initialize() async throws -> JSON {
    let params: JSON = ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": ["name": "process-tests", "version": "1"]]
    let result = try #require(try await request("initialize", params)["result"])
    notify("notifications/initialized")
    return result
  }

  // MARK: Messages

  /// All that came, in order.
  var messages: [JSON] { state.withLock { $0.messages } }

  /// Lines that are no JSON.
  var strangeLines: [String] { state.withLock { $0.strangeLines } }

  func notify(_ method: String, _ params: JSON = [:]) {
    write(["jsonrpc": "2.0", "method": .string(method), "params": params])
  }

  /// Sends a request.
  func begin(_ method: String, _ params: JSON = [:]) -> (id: Int64, reply: Event<JSON>) {
    let reply = Event<JSON>()
    let (id, hasEnded) = state.withLock { state in
      state.lastID += 1
      state.replies[state.lastID] = reply
      return (state.lastID, state.hasEnded)
    }
    if hasEnded { reply.fail(Failure("the server has ended")) }
    write(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
    return (id, reply)
  }

  func request(_ method: String, _ params: JSON = [:]) async throws -> JSON {
    try await begin(method, params).reply.value("the answer to \(method)")
  }

  private func write(_ message: JSON) {
    var bytes = message.encoded()[...] + [UInt8(ascii: "\n")]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(child.input, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  private func receive(_ line: [UInt8]) {
    guard let message = try? JSON(decoding: line) else {
      state.withLock { $0.strangeLines.append(String(decoding: line, as: UTF8.self)) }
      return
    }
    let reply = state.withLock { state in
      state.messages.append(message)
      return message["id"]?.wholeNumber.flatMap { state.replies[$0] }
    }
    reply?.fulfil(message)
  }

  private func outputEnded() {
    let replies = state.withLock { state in
      state.hasEnded = true
      return Array(state.replies.values)
    }
    for reply in replies { reply.fail(Failure("the server ended without an answer")) }
    ended.fulfil(())
  }

  /// All output has been read.
  let ended = Event<Void>()

  // MARK: The connection

  /// Leaves what the server writes unread; the event happens when it has written something.
  func pauseReading() -> Event<Void> { reader.pause() }

  func resumeReading() { reader.resume() }

  func closeInput() { child.closeInput() }

  /// Closes our end of its output, and returns when that is done.
  func closeOutput() async throws {
    reader.stop()
    try await ended.value("the closing of the output")
  }

  // MARK: The process

  /// Kills the process, and returns when it is gone and all its output has been read.
  func kill() async throws {
    child.signal(SIGKILL)
    resumeReading()
    _ = try await child.exit()
    try await ended.value("the end of output")
  }

  /// Ends the process as a client does, and returns when it is gone.
  func stop() async throws {
    closeInput()
    resumeReading()
    #expect(try await child.exit() == .exited(0))
  }
}
