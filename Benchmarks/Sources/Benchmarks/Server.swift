/// The server of one agent, driven as a client drives it.
final class Server: @unchecked Sendable {
  private let child: Child
  private var last = 0

  /// Returns when the server has answered `initialize`.
  init(_ program: String, agent: String, store: Place) throws {
    child = try Child(
      program, ["serve", agent, "--wake", "off"], environment: ["COWORK_DATABASE_URL": store.url, "HOME": store.home])
    _ = try request(
      "initialize",
      #"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"benchmark","version":"1"}}"#)
  }

  /// What every client says next.
  func ready() throws {
    child.write(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"# + "\n")
    _ = try call("list_agents")
  }

  func begin(_ method: String, _ parameters: String) -> Int {
    last += 1
    child.write(#"{"jsonrpc":"2.0","id":\#(last),"method":"\#(method)","params":\#(parameters)}"# + "\n")
    return last
  }

  func reply(to id: Int) throws -> String {
    while true {
      let line = try child.readLine()
      guard line.contains(#""id":\#(id),"#) || line.contains(#""id":\#(id)}"#) else { continue }
      guard !line.contains(#""error":{"#), !line.contains(#""isError":true"#) else { throw Failure(line) }
      return line
    }
  }

  func request(_ method: String, _ parameters: String) throws -> String { try reply(to: begin(method, parameters)) }

  func beginCall(_ tool: String, _ arguments: String = "{}") -> Int {
    begin("tools/call", #"{"name":"\#(tool)","arguments":\#(arguments)}"#)
  }

  @discardableResult func call(_ tool: String, _ arguments: String = "{}") throws -> String {
    try reply(to: beginCall(tool, arguments))
  }

  func residentMemory() throws -> Double { try child.residentMemory() }
  func end() { child.end() }
}

/// Where a store is.
struct Place: Sendable {
  let url: String
  /// A throwaway home folder.
  let home: String
}
