import Foundation
import JSON
import ProcessTesting

/// The command `web`, and what a browser knows of it.
struct WebProcess {
  let program: Following
  let port: Int
  let key: String

  /// - Parameter errors: whether `log` has what it says on standard error.
  static func start(
    _ sandbox: Sandbox, _ arguments: [String] = [], withErrors: Bool = false, environment: [String: String] = [:]
  ) async throws -> WebProcess {
    let port = arguments.contains("--port") ? [] : ["--port", "0"]
    let program = try Following(sandbox, ["web"] + port + arguments, withErrors: withErrors, environment: environment)
    return try await WebProcess(program)
  }

  init(_ program: Following) async throws {
    let line = try await program.lines(to: "http://127.0.0.1:").last ?? ""
    guard let (_, port, key) = line.wholeMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)\/\?key=([0-9a-f]{32})/)?.output else {
      throw TestingError("No address: \(line)")
    }
    (self.program, self.port, self.key) = (program, Int(port) ?? 0, String(key))
  }

  /// The lines of a head that may have everything.
  func cookie() async throws -> String {
    let response = try await request("GET /?key=\(key)", cookie: false)
    guard let cookie = response.headers["set-cookie"]?.split(separator: ";").first else { throw TestingError("No cookie: \(response)") }
    return "Cookie: \(cookie)\r\n"
  }

  /// The text of a request, which closes the connection unless `headers` say otherwise.
  func text(_ line: String, headers: String = "Connection: close\r\n", body: String? = nil) -> String {
    let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
    return "\(line) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(length)\(headers)\r\n\(body ?? "")"
  }

  func request(_ line: String, cookie: Bool = true, headers: String = "", body: String? = nil) async throws -> RawResponse {
    let client = try RawClient(port)
    let cookie = cookie ? try await self.cookie() : ""
    try client.send(text(line, headers: "Connection: close\r\n\(cookie)\(headers)", body: body))
    return try RawResponse(try await client.rest())
  }

  func get(_ path: String) async throws -> JSON {
    let response = try await request("GET \(path)")
    return try JSON(decoding: response.body)
  }

  @discardableResult
  func post(_ path: String, _ body: JSON) async throws -> (status: Int, json: JSON) {
    let headers = "Origin: http://127.0.0.1:\(port)\r\nContent-Type: application/json\r\n"
    let response = try await request("POST \(path)", headers: headers, body: String(decoding: body.encoded(), as: UTF8.self))
    return (response.status, try JSON(decoding: response.body))
  }

  /// A client of the event stream.
  func events(after id: String? = nil) async throws -> RawClient {
    let client = try RawClient(port)
    let last = id.map { "Last-Event-ID: \($0)\r\n" } ?? ""
    try client.send(text("GET /api/events", headers: try await cookie() + last))
    return client
  }
}
