import Foundation
import NIOHTTP1
import Testing

@testable import BridgeWeb

@Suite struct RouteTests {
  private func route(_ method: HTTPMethod, _ target: String) -> Result<Route, Refusal> {
    Result { () throws(Refusal) in try Route.find(method, RequestTarget(target)) }
  }

  @Test(arguments: [
    ("/", Route.page), ("/?x=1", .page), ("/conversations", .page), ("/conversations/", .page), ("/tasks/", .page),
    ("/conversations/code", .page), ("/conversations/%C3%A4", .page),
    ("/tasks", .page), ("/tasks/3f0c", .page), ("/agents", .page), ("/search?query=a", .page), ("/favicon.svg", .file("favicon.svg")),
    ("/page.js", .file("page.js")), ("/metrics", .metrics), ("/api/state", .state), ("/api/transcript?agent=code", .transcript),
    ("/api/message?id=1", .message), ("/api/task?id=1", .task), ("/api/tasks", .tasks), ("/api/search", .search), ("/api/events", .events),
  ])
  func whatIsThereIsFound(_ target: String, _ found: Route) throws {
    #expect(try route(.GET, target).get() == found)
    if found != .events { #expect(try route(.HEAD, target).get() == found) }
  }

  @Test(arguments: [
    ("/api/messages", Route.sendMessage), ("/api/read", .read), ("/api/tasks", .createTask), ("/api/task", .updateTask),
  ])
  func whatWritesIsPosted(_ target: String, _ found: Route) throws {
    #expect(try route(.POST, target).get() == found && found.writes)
  }

  @Test(arguments: [
    "/x", "/page.html", "/Page/page.js", "/api", "/api/", "/api/state/", "/conversations/a/b", "/agents/a",
    "//", "/../page.js", "/%2e%2e/etc/passwd", "/page.js/", "/favicon.ico", "/api/STATE",
  ])
  func nothingElseIsThere(_ target: String) {
    #expect(route(.GET, target) == .failure(.notFound))
  }

  @Test(arguments: [
    (HTTPMethod.POST, "/", ["GET", "HEAD"]), (.DELETE, "/page.js", ["GET", "HEAD"]), (.POST, "/api/state", ["GET", "HEAD"]),
    (.GET, "/api/messages", ["POST"]), (.HEAD, "/api/read", ["POST"]), (.PUT, "/api/tasks", ["GET", "HEAD", "POST"]),
    (.HEAD, "/api/events", ["GET"]), (.OPTIONS, "/api/task", ["GET", "HEAD", "POST"]), (.RAW(value: "BREW"), "/metrics", ["GET", "HEAD"]),
  ])
  func anotherMethodIsToldWhichThereAre(_ method: HTTPMethod, _ target: String, _ allowed: [String]) {
    guard case .failure(let refusal) = route(method, target) else {
      Issue.record("\(method) \(target) was found")
      return
    }
    #expect(refusal.status == .methodNotAllowed && refusal.allowed == allowed)
    #expect(refusal.response(isForProgram: true).headers["Allow"] == [allowed.joined(separator: ", ")])
  }

  @Test func theProgramCarriesTheWholePage() throws {
    let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Sources/BridgeWeb/Page").standardized
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(names) == Set(PageFiles.all.keys), "PageFiles.all names each file of the folder Page.")
    for (name, file) in PageFiles.all {
      #expect(try file.bytes == Array(Data(contentsOf: folder.appendingPathComponent(name))), "\(name)")
      #expect(file.type != "application/octet-stream", "\(name)")
    }
  }
}

@Suite struct RequestTargetTests {
  @Test(arguments: [
    ("/a?x=1&y=2", "x", "1"), ("/a?y=2", "x", nil), ("/a?x", "x", nil), ("/a?x=", "x", nil), ("/a?x=a+b%20c", "x", "a b c"),
    ("/a?x=%F0%9F%90%B4%26", "x", "🐴&"), ("/a?%78=1", "x", "1"), ("/a?x=1=2", "x", "1=2"), ("/a?x=?", "x", "?"), ("/a?&&x=1&", "x", "1"),
    ("/a?x=ä", "x", "ä"), ("/a#?x=1", "x", nil),
  ])
  func aParameterIsRead(_ target: String, _ name: String, _ value: String?) throws {
    #expect(try RequestTarget(target)[name] == value)
  }

  @Test(arguments: ["/a?x=%", "/a?x=%4", "/a?x=%zz", "/a?x=%FF", "/a?x=%C3", "/a?x=%00", "/a?x=1&x=1", "/a?%FF=1&x=1", "/a?x=%ED%A0%80"])
  func whatIsNoTextIsRefused(_ target: String) throws {
    let target = try RequestTarget(target)
    #expect { try target["x"] } throws: { ($0 as? Refusal)?.status == .badRequest }
  }

  @Test(arguments: ["", "*", "a", "http://127.0.0.1/", "?x=1"])
  func aTargetIsAPath(_ target: String) {
    #expect(throws: Refusal.badRequest) { try RequestTarget(target) }
  }

  @Test(arguments: [("1", 1), ("200", 200), ("0", nil), ("201", nil), ("-1", nil), ("1e1", nil), ("x", nil), ("99999999999999999999", nil)])
  func aNumberIsInItsRange(_ text: String, _ number: Int?) throws {
    let target = try RequestTarget("/?limit=\(text)")
    #expect((try? target.number("limit", in: 1...200, default: 50)) == number)
    #expect(try RequestTarget("/").number("limit", in: 1...200, default: 50) == 50)
  }

  @Test(arguments: [
    ("/?key=1", "/"), ("/tasks?a=1&key=2&b=%20", "/tasks?a=1&b=%20"), ("/search?query=a+b&key=1", "/search?query=a+b"),
    ("/?%6Bey=1", "/"), ("/?a", "/?a"),
  ])
  func theKeyIsTakenOut(_ target: String, _ rest: String) throws {
    #expect(try RequestTarget(target).removing("key") == rest)
  }
}
