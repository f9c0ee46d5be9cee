import JSON
import MCPClient
import SystemSupport

/// The server of one agent, driven as a client drives it.
struct Server {
  private let server: ChildServer

  /// Returns when the server has answered `initialize`.
  init(_ program: String, agent: String, store: Place) async throws {
    var environment = ["COWORK_DATABASE_URL": store.url, "HOME": store.home]
    for name in ["PATH", "LD_LIBRARY_PATH"] { environment[name] = Environment[name] }
    server = try ChildServer([program, "serve", agent, "--wake", "off"], environment: environment)
    try await server.connect()
  }

  /// A server that has opened its store.
  static func ready(_ program: String, agent: String, store: Place) async throws -> Server {
    let server = try await Server(program, agent: agent, store: store)
    try await server.call("list_agents")
    return server
  }

  func begin(_ tool: String, _ arguments: JSONObject = [:]) -> Reply { server.beginCall(tool, arguments) }

  /// - Returns: the time from the first byte written to the last byte read.
  @discardableResult func call(_ tool: String, _ arguments: JSONObject = [:]) async throws -> Duration {
    let start = ContinuousClock.now
    let arrival = try await begin(tool, arguments).arrival()
    _ = try arrival.content(of: tool)
    return arrival.at - start
  }

  /// In megabytes.
  func residentMemory() throws -> Double { try megabytes(of: server.pid) }

  func end() async { _ = await server.end() }
}

/// Where a store is.
struct Place: Sendable {
  let url: String
  /// A throwaway home folder.
  let home: String
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
