import NIOHTTP1
import Testing

@testable import BridgeWeb

@Suite struct AccessTests {
  private static let secrets = Secrets()
  private let access = Access(port: 4747, secrets: Self.secrets, isReadOnly: false)

  static let cookie = ("Cookie", "cowork-web-4747=\(secrets.cookie)")
  static let host = ("Host", "127.0.0.1:4747")
  private static let writing = [host, cookie, ("Origin", "http://127.0.0.1:4747"), ("Content-Type", "application/json")]

  private func decide(
    _ method: HTTPMethod, _ target: String, _ headers: [(String, String)], in access: Access? = nil
  ) -> Access.Decision {
    (access ?? self.access).decide(HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: HTTPHeaders(headers)))
  }

  private func code(_ decision: Access.Decision) -> String? { if case .refuse(let refusal) = decision { refusal.code } else { nil } }

  private func served(_ decision: Access.Decision) -> Route? { if case .serve(let route, _) = decision { route } else { nil } }

  // MARK: Host

  @Test(arguments: [
    [], ["127.0.0.1"], ["localhost"], ["127.0.0.1:4748"], ["evil.example"], ["evil.example:4747"], ["127.0.0.1:4747.evil.example"],
    ["127.0.0.1:4747", "127.0.0.1:4747"], ["[::1]:4747"], ["0.0.0.0:4747"], [""], ["127.0.0.1:04747"],
  ])
  func aForeignHostGetsNothing(_ hosts: [String]) {
    for target in ["/", "/api/state", "/favicon.svg", "/metrics", "/?key=\(Self.secrets.key)"] {
      #expect(code(decide(.GET, target, hosts.map { ("Host", $0) } + [Self.cookie])) == "wrong_host", "\(target)")
    }
  }

  @Test func bothNamesAreOurs() {
    for host in ["127.0.0.1:4747", "localhost:4747"] { #expect(served(decide(.GET, "/", [("Host", host), Self.cookie])) == .page) }
    let plain = Access(port: 80, secrets: Self.secrets, isReadOnly: false)
    #expect(served(decide(.GET, "/", [("Host", "localhost"), ("Cookie", "cowork-web-80=\(Self.secrets.cookie)")], in: plain)) == .page)
  }

  // MARK: The key and the cookie

  @Test(arguments: [
    [], [("Cookie", "cowork-web-4747=")], [("Cookie", "cowork-web-4747=" + String(repeating: "0", count: 32))],
    [("Cookie", "cowork-web-4748=\(secrets.cookie)")], [("Cookie", "cowork-web-4747=\(secrets.key)")],
    [("Cookie", "cowork-web-4747=\(secrets.cookie)0")], [("Cookie", secrets.cookie)], [("Authorization", "Bearer \(secrets.key)")],
    [("Cookie", "cowork-web-4747=\(secrets.cookie.uppercased()) x")],
  ])
  func nothingButTheIconIsOpen(_ headers: [(String, String)]) {
    for target in ["/", "/x", "/page.js", "/api/state", "/api/events", "/?key=\(String(repeating: "0", count: 32))", "/?key="] {
      #expect(code(decide(.GET, target, [Self.host] + headers)) == "no_key", "\(target)")
    }
    for target in ["/api/messages", "/api/read"] { #expect(code(decide(.POST, target, [Self.host] + headers)) == "no_key") }
    #expect(served(decide(.GET, "/favicon.svg", [Self.host] + headers)) == .file("favicon.svg"))
    #expect(served(decide(.HEAD, "/favicon.svg", [Self.host])) == .file("favicon.svg"))
    #expect(code(decide(.POST, "/favicon.svg", [Self.host])) == "no_key")
  }

  @Test(arguments: [
    [cookie], [("Cookie", "a=b; cowork-web-4747=\(secrets.cookie);c=d")], [("Cookie", "a=b"), cookie],
    [("Cookie", "cowork-web-4747=old; cowork-web-4747=\(secrets.cookie)")],
  ])
  func theCookieOpensEverything(_ headers: [(String, String)]) {
    #expect(served(decide(.GET, "/", [Self.host] + headers)) == .page)
    #expect(served(decide(.GET, "/api/state", [Self.host] + headers)) == .state)
    #expect(served(decide(.GET, "/metrics", [Self.host] + headers)) == .metrics)
    #expect(code(decide(.GET, "/x", [Self.host] + headers)) == "not_found")
  }

  @Test func theKeyIsTradedForTheCookie() {
    let cookie = "cowork-web-4747=\(Self.secrets.cookie); HttpOnly; SameSite=Strict; Path=/"
    let key = Self.secrets.key
    for (target, rest) in [
      ("/?key=\(key)", "/"), ("/tasks/1?a=b&key=\(key)", "/tasks/1?a=b"), ("/search?key=\(key)&query=x", "/search?query=x"),
    ] {
      #expect(decide(.GET, target, [Self.host]) == .admit(to: rest, setting: cookie, isForeign: false))
      #expect(decide(.GET, target, [Self.host, ("Sec-Fetch-Site", "none")]) == .admit(to: rest, setting: cookie, isForeign: false))
      #expect(decide(.GET, target, [Self.host, ("Sec-Fetch-Site", "cross-site")]) == .admit(to: rest, setting: cookie, isForeign: true))
    }
    for target in ["/api/state?key=\(key)", "/page.js?key=\(key)", "/metrics?key=\(key)", "//evil.example?key=\(key)"] {
      #expect(["no_key", "not_found"].contains(code(decide(.GET, target, [Self.host]))), "\(target)")
    }
    #expect(code(decide(.POST, "/?key=\(key)", [Self.host])) == "no_key")
  }

  @Test func theKeyIsABearerForMetricsOnly() {
    let bearer = ("Authorization", "bearer \(Self.secrets.key)")
    #expect(served(decide(.GET, "/metrics", [Self.host, bearer])) == .metrics)
    #expect(code(decide(.GET, "/api/state", [Self.host, bearer])) == "no_key")
    for wrong in ["Bearer", "Bearer \(Self.secrets.cookie)", "Basic \(Self.secrets.key)", Self.secrets.key] {
      #expect(code(decide(.GET, "/metrics", [Self.host, ("Authorization", wrong)])) == "no_key")
    }
  }

  // MARK: Writing

  @Test(arguments: ["/api/messages", "/api/read", "/api/tasks", "/api/task"])
  func whatWritesHasOurOriginAndJSON(_ target: String) {
    #expect(served(decide(.POST, target, Self.writing))?.writes == true)
    func without(_ name: String, _ value: String? = nil) -> [(String, String)] {
      Self.writing.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? [])
    }
    for origin in [
      nil, "null", "", "http://evil.example", "https://127.0.0.1:4747", "http://127.0.0.1:3000", "http://localhost:4747",
      "http://127.0.0.1:4747/", "http://127.0.0.1:4747, http://evil.example",
    ] {
      #expect(code(decide(.POST, target, without("Origin", origin))) == "foreign_origin", "\(origin ?? "none")")
    }
    for type in [
      nil, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json-seq", "text/plain; application/json",
    ] {
      #expect(code(decide(.POST, target, without("Content-Type", type))) == "not_json", "\(type ?? "none")")
    }
    #expect(served(decide(.POST, target, without("Content-Type", "Application/JSON; charset=utf-8"))) != nil)
    let reading = Access(port: 4747, secrets: Self.secrets, isReadOnly: true)
    #expect(code(decide(.POST, target, Self.writing, in: reading)) == "read_only")
    #expect(code(decide(.POST, target, without("Cookie"))) == "no_key")
  }

  @Test(arguments: ["cross-site", "same-site"])
  func pagesOfOtherPortsGetNothing(_ site: String) {
    let headers = [Self.host, Self.cookie, ("Sec-Fetch-Site", site)]
    for target in ["/api/state", "/api/events", "/page.js", "/metrics"] {
      #expect(code(decide(.GET, target, headers)) == "foreign_origin", "\(target)")
    }
    #expect(served(decide(.GET, "/", headers)) == .page)
    #expect(served(decide(.GET, "/api/state", [Self.host, Self.cookie, ("Sec-Fetch-Site", "same-origin")])) == .state)
  }
}
