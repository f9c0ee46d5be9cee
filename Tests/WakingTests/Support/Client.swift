import Foundation
import JSON
import MCP
import SystemSupport
import Testing

/// A running server, and the client that started it.
actor Client {
  nonisolated let program: Program
  nonisolated let log: String
  /// What came without being asked for.
  nonisolated let notifications = Arrivals<JSON>()
  private let replies = Arrivals<JSON>()
  private let transport: DescriptorTransport
  private var lastID: Int64 = 0
  private var lastWrite: Task<Void, any Error>?
  private var answers: [Int64: Arrivals<JSON>] = [:]

  init(_ sandbox: Sandbox, _ arguments: [String] = ["code"], environment: [String: String] = [:]) throws {
    log = "\(sandbox.home)/log-\(UUID().uuidString)"
    program = try sandbox.start(arguments, environment: environment, errors: log)
    transport = try DescriptorTransport(
      input: FileDescriptor(rawValue: program.output), output: FileDescriptor(rawValue: program.input))
    Task { await receive() }
  }

  /// Starts a server and shakes hands with it.
  static func start(
    _ sandbox: Sandbox, _ arguments: [String] = ["code"], as name: String = "claude-code", environment: [String: String] = [:]
  ) async throws -> Client {
    let client = try Client(sandbox, arguments, environment: environment)
    try await client.initialize(as: name)
    return client
  }

  @discardableResult
  func initialize(as name: String = "claude-code") async throws -> JSON {
    let reply = try await request(
      "initialize",
      ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": ["name": .string(name), "version": "2.1.330"]])
    try await write(["jsonrpc": "2.0", "method": "notifications/initialized"])
    return try #require(reply["result"])
  }

  /// Calls a tool.
  func call(_ tool: String, _ arguments: JSONObject = [:]) async throws -> JSON {
    let reply = try await request("tools/call", ["name": .string(tool), "arguments": .object(arguments)])
    return try #require(reply["result"]?["structuredContent"], "\(reply)")
  }

  func request(_ method: String, _ params: JSONObject) async throws -> JSON {
    lastID += 1
    let answer = Arrivals<JSON>()
    answers[lastID] = answer
    try await write(["jsonrpc": "2.0", "id": .integer(lastID), "method": .string(method), "params": .object(params)])
    return try await answer.next("the answer to \(method)")
  }

  /// Closes its input, and returns its exit status.
  @discardableResult
  func stop() async throws -> Int32 {
    transport.close()
    return try await program.end().status
  }

  nonisolated var logText: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

  /// One write after the other.
  private func write(_ message: JSON) async throws {
    let earlier = lastWrite
    let write = Task { [transport] in
      _ = await earlier?.result
      try await transport.write(message.encoded() + [0x0A])
    }
    lastWrite = write
    try await write.value
  }

  private func receive() async {
    var buffer: [UInt8] = []
    while let bytes = try? await transport.read() {
      buffer += bytes
      while let end = buffer.firstIndex(of: 0x0A) {
        let message = try? JSON(decoding: Array(buffer[..<end]))
        buffer.removeSubrange(...end)
        guard let message else { continue }
        if let id = message["id"]?.wholeNumber, let answer = answers.removeValue(forKey: id) {
          await answer.add(message)
        } else {
          await notifications.add(message)
        }
      }
    }
  }
}
