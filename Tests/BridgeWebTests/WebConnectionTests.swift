import Foundation
import JSON
import ProcessTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct WebConnectionTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func requestsAreAnsweredInOrder() async throws {
    let web = try await WebProcess.start(sandbox)
    let cookie = try await web.cookie()
    let client = try RawClient(web.port)
    try client.send(
      web.text("GET /api/state", headers: cookie) + web.text("HEAD /page.js", headers: cookie) + web.text("GET /x", headers: cookie)
        + web.text("GET /api/tasks", headers: cookie + "Connection: close\r\n") + web.text("GET /", headers: cookie))
    let answers = try await client.rest().components(separatedBy: "HTTP/1.1 ").dropFirst()
    // The one that closes the connection is the last, and a wrong address closes it as well.
    #expect(answers.map { $0.prefix(3) } == ["200", "200", "404"], "\(answers)")
    let head = try RawResponse("HTTP/1.1 " + answers[2])
    #expect(head.body.isEmpty && head.headers["content-length"] != "0")
  }

  @Test func aConnectionIsKeptUntilItIsClosed() async throws {
    let web = try await WebProcess.start(sandbox)
    let cookie = try await web.cookie()
    let client = try RawClient(web.port)
    for _ in 1...3 {
      try client.send(web.text("GET /api/tasks", headers: cookie))
      #expect(try await client.text(to: "}").contains("HTTP/1.1 200 OK"))
    }
    try client.send(web.text("GET /api/tasks", headers: cookie + "Connection: close\r\n"))
    #expect(try await client.rest().contains("Connection: close"))
    let old = try RawClient(web.port)
    try old.send("GET /api/tasks HTTP/1.0\r\nHost: 127.0.0.1:\(web.port)\r\n\(cookie)\r\n")
    #expect(try await old.rest().hasSuffix("}"))
  }

  @Test func whoEndsItsSideIsStillAnswered() async throws {
    let web = try await WebProcess.start(sandbox)
    let cookie = try await web.cookie()
    let client = try RawClient(web.port)
    try client.send(web.text("GET /api/state", headers: cookie))
    client.finish()
    #expect(try await client.rest().hasPrefix("HTTP/1.1 200"))
  }

  @Test func aBodyHasItsLimit() async throws {
    let web = try await WebProcess.start(sandbox)
    let fixed = "Origin: http://127.0.0.1:\(web.port)\r\nContent-Type: application/json\r\n"
    func status(_ size: Int, chunked: Bool) async throws -> Int {
      let client = try RawClient(web.port)
      let cookie = try await web.cookie()
      let body = String(repeating: " ", count: size)
      let size = chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(size)\r\n"
      try client.send("POST /api/read HTTP/1.1\r\nHost: 127.0.0.1:\(web.port)\r\nConnection: close\r\n\(size)\(cookie)\(fixed)\r\n")
      // The server may close the connection before it has all.
      if chunked { try? client.send("\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n") } else { try? client.send(body) }
      return try RawResponse(try await client.rest()).status
    }
    for isChunked in [false, true] {
      #expect(try await status(1 << 20, chunked: isChunked) == 400)
      #expect(try await status(1 << 20 + 1, chunked: isChunked) == 413)
      #expect(try await status(8 << 20, chunked: isChunked) == 413)
    }
    let waiting = try RawClient(web.port)
    try waiting.send(
      web.text("POST /api/read", headers: "\(try await web.cookie())\(fixed)Content-Length: 2\r\nExpect: 100-continue\r\n"))
    _ = try await waiting.text(to: "100 Continue")
    try waiting.send("{}")
    #expect(try await waiting.text(to: "}").contains("200 OK"))
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n", 431),
    ("GET / HTTP/1.1\r\n\((1...400).map { "X\($0): y\r\n" }.joined())\r\n", 431),
    ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\n\r\n", 431), ("GET / HTTP/1.1\r\nX : y\r\n\r\n", 400),
    ("\u{16}\u{3}\u{1}", 400),
    ("GET / HTTP/3.0\r\n\r\n", 400), ("GET /\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 421),
  ])
  func whatIsNoRequestIsRefused(_ text: String, _ status: Int) async throws {
    let web = try await WebProcess.start(sandbox)
    let client = try RawClient(web.port)
    try client.send(text)
    #expect(try await RawResponse(client.rest()).status == status)
  }

  @Test func the33rdConnectionIsToldSo() async throws {
    let web = try await WebProcess.start(sandbox)
    let cookie = try await web.cookie()
    var clients: [RawClient] = []
    for _ in 1...32 {
      let client = try RawClient(web.port)
      try client.send(web.text("GET /agents", headers: cookie))
      #expect(try await client.text(to: "</html>").contains("200 OK"))
      clients.append(client)
    }
    let refused = try RawResponse(try await RawClient(web.port).rest())
    #expect(refused.status == 503 && refused.headers["content-security-policy"] != nil && refused.headers["connection"] == "close")
    // Many more end at once, and the first ones are still served.
    let many = try (1...200).map { _ in try RawClient(web.port) }
    for client in many { _ = try await client.rest() }
    try clients[0].send(web.text("GET /favicon.svg"))
    #expect(try await clients[0].rest().contains("200 OK"))
    // Now one has left, once the server has noticed.
    while (try? await web.request("GET /favicon.svg", cookie: false).status) != 200 {}
  }
}
