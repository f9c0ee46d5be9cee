import Foundation
import JSON
import MCP

/// A small MCP client of one server: what Claude Code or Claude Cowork do on the bridge, without a model.
actor DemoClient {
  /// An answer, and when it came.
  struct Answer: Sendable {
    let result: JSON
    let at: ContinuousClock.Instant
  }

  /// An answer that is awaited.
  struct Pending: Sendable {
    fileprivate let answers: AsyncThrowingStream<Answer, any Error>
    fileprivate let what: String

    var answer: Answer {
      get async throws {
        for try await answer in answers { return answer }
        throw CommandFailure("\(what) was not answered")
      }
    }
  }

  /// The agent's name.
  nonisolated let agent: String
  nonisolated let server: ServerChild
  private let transport: DescriptorTransport
  private var waiting: [Int64: AsyncThrowingStream<Answer, any Error>.Continuation] = [:]
  private var lastID: Int64 = 0
  private var lastWrite: Task<Void, any Error>?
  private var isOver = false

  init(agent: String, server: ServerChild) {
    self.agent = agent
    self.server = server
    transport = server.transport
    Task { await receive() }
  }

  /// The handshake.
  ///
  /// - Returns: the server's name and version, and the revision of MCP.
  func connect() async throws -> String {
    let result = try await request(
      "initialize",
      [
        "protocolVersion": "2025-11-25", "capabilities": [:],
        "clientInfo": ["name": .string("demo-\(agent)"), "version": .string(Version.text)],
      ]
    ).answer.result
    try await write(["jsonrpc": "2.0", "method": "notifications/initialized"])
    guard let name = result["serverInfo"]?["name"]?.stringValue, let version = result["serverInfo"]?["version"]?.stringValue,
      let revision = result["protocolVersion"]?.stringValue
    else { throw CommandFailure("initialize was answered without serverInfo") }
    return "\(name) \(version), MCP \(revision)"
  }

  /// Calls a tool and returns once the call has left; its answer is awaited apart.
  func begin(_ tool: String, _ arguments: JSONObject = [:]) async throws -> Pending {
    try await request("tools/call", ["name": .string(tool), "arguments": .object(arguments)], what: tool)
  }

  /// Calls a tool.
  ///
  /// - Returns: its structured content, and when it came.
  func call(_ tool: String, _ arguments: JSONObject = [:]) async throws -> Answer {
    try await begin(tool, arguments).content
  }

  /// Ends the server.
  func end() async -> Int32? { await server.end() }

  private func request(_ method: String, _ parameters: JSONObject, what: String? = nil) async throws -> Pending {
    guard !isOver else { throw CommandFailure("the server of \(agent) has ended") }
    lastID += 1
    let id = lastID
    let (answers, continuation) = AsyncThrowingStream.makeStream(of: Answer.self)
    waiting[id] = continuation
    try await write(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": .object(parameters)])
    return Pending(answers: answers, what: what ?? method)
  }

  /// One write after the other.
  private func write(_ message: JSONObject) async throws {
    let earlier = lastWrite
    let write = Task { [transport] in
      try? await earlier?.value
      try await transport.write(JSON.object(message).encoded() + [UInt8(ascii: "\n")])
    }
    lastWrite = write
    try await write.value
  }

  private func receive() async {
    var buffer = [UInt8]()
    while let bytes = try? await transport.read() {
      let now = ContinuousClock.now
      buffer += bytes
      while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        take(Array(buffer[..<end]), at: now)
        buffer.removeSubrange(...end)
      }
    }
    isOver = true
    for answer in waiting.values { answer.finish(throwing: CommandFailure("the server of \(agent) ended without an answer")) }
    waiting = [:]
  }

  /// Notifications are left unread.
  private func take(_ line: [UInt8], at now: ContinuousClock.Instant) {
    guard let message = try? JSON(decoding: line), let id = message["id"]?.wholeNumber, let answer = waiting.removeValue(forKey: id) else {
      return
    }
    if let result = message["result"] {
      answer.yield(Answer(result: result, at: now))
      answer.finish()
    } else {
      answer.finish(throwing: CommandFailure("the server refused: \(message["error"]?["message"]?.stringValue ?? "no reason given")"))
    }
  }
}

extension DemoClient.Pending {
  /// What the tool returned.
  var content: DemoClient.Answer {
    get async throws {
      let answer = try await answer
      if answer.result["isError"]?.boolValue == true {
        throw CommandFailure("\(what) failed: \(answer.result["content"]?.arrayValue?.first?["text"]?.stringValue ?? "no reason given")")
      }
      guard let content = answer.result["structuredContent"] else { throw CommandFailure("\(what) returned no structured content") }
      return DemoClient.Answer(result: content, at: answer.at)
    }
  }
}
