import JSON
import SystemSupport

/// The server of one agent and its client, which blocks: it costs as little as the raw calls that it is compared with. For one thread at a
/// time.
final class Server: @unchecked Sendable {
  private let child: ChildProcess
  private let input, output: FileDescriptor
  private var requests: Int64 = 0
  private var unread: [UInt8] = []

  /// Returns when the server has answered `initialize`.
  init(_ program: String, agent: String, store: Place) throws {
    var environment = ["COWORK_DATABASE_URL": store.url, "HOME": store.home]
    for name in ["PATH", "LD_LIBRARY_PATH"] { environment[name] = Environment[name] }
    child = try ChildProcess([program, "serve", agent, "--wake", "off"], environment: environment, input: .pipe, output: .pipe)
    guard let input = child.input, let output = child.output else { throw Failure("The server has no pipes.") }
    (self.input, self.output) = (input, output)
    _ = try request(
      "initialize", ["protocolVersion": "2025-11-25", "capabilities": [:], "clientInfo": ["name": "benchmark", "version": "1"]])
    _ = try answer()
    try input.writeCompletely(Array(#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#.utf8) + [UInt8(ascii: "\n")])
  }

  deinit { child.kill() }

  /// A server that has opened its store.
  static func ready(_ program: String, agent: String, store: Place) throws -> Server {
    let server = try Server(program, agent: agent, store: store)
    try server.call("list_agents")
    return server
  }

  /// Calls a tool, whose answer is to be read before the next call.
  ///
  /// - Returns: the time before the first byte was written.
  @discardableResult func begin(_ tool: String, _ arguments: JSONObject) throws -> ContinuousClock.Instant {
    try request("tools/call", ["name": .string(tool), "arguments": .object(arguments)])
  }

  private func request(_ method: String, _ params: JSON) throws -> ContinuousClock.Instant {
    requests += 1
    let request: JSON = ["jsonrpc": "2.0", "id": .integer(requests), "method": .string(method), "params": params]
    let bytes = request.encoded() + [UInt8(ascii: "\n")]
    let start = ContinuousClock.now
    try input.writeCompletely(bytes)
    return start
  }

  /// Waits for the answer to the last request, which must be a success. Answers to others are passed over.
  ///
  /// - Returns: the time after the last byte was read.
  func answer() throws -> ContinuousClock.Instant {
    while true {
      let (end, id, _) = try next()
      if id == requests { return end }
    }
  }

  /// Waits for the answer to any request.
  ///
  /// - Returns: the time after its last byte was read, the request that it answers, and its result.
  func next() throws -> (end: ContinuousClock.Instant, request: Int64, result: JSON) {
    while true {
      if let place = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let end = ContinuousClock.now
        let line = Array(unread[..<place])
        unread.removeSubrange(...place)
        let answer = try JSON(decoding: line)
        guard let id = answer["id"]?.wholeNumber, let result = answer["result"], result["isError"]?.boolValue != true else {
          throw Failure("The server answered \(String(decoding: line, as: UTF8.self))")
        }
        return (end, id, result)
      }
      let bytes = try output.readSome(upTo: 64 << 10)
      if bytes.isEmpty { throw Failure("The server has ended.") }
      unread += bytes
    }
  }

  /// - Returns: the time from the first byte written to the last byte read.
  @discardableResult func call(_ tool: String, _ arguments: JSONObject = [:]) throws -> Duration {
    let start = try begin(tool, arguments)
    return try answer() - start
  }

  /// In megabytes.
  func residentMemory() throws -> Double { try megabytes(of: child.pid) }

  func end() {
    for pipe in [input, output] { try? pipe.close() }
    _ = child.wait()
  }
}

/// Where a store is.
struct Place: Sendable {
  let url: String
  /// A throwaway home folder.
  let home: String

  var isFile: Bool { !url.hasPrefix("postgres") }
}

/// The resident memory of a process in megabytes.
func megabytes(of pid: Int32) throws -> Double {
  let ps = try ChildProcess(["/bin/ps", "-o", "rss=", "-p", "\(pid)"], environment: [:], output: .pipe)
  defer { _ = ps.wait() }
  let text = String(decoding: try ps.output?.readToEnd() ?? [], as: UTF8.self)
  try ps.output?.close()
  guard let kilobytes = Double(text.filter { !$0.isWhitespace }) else { throw Failure("ps said \(text)") }
  return kilobytes / 1024
}
