import Foundation
import JSON
import ProcessTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct WebCommandTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  @Test func theAddressOpensThePage() async throws {
    let web = try await WebProcess.start(sandbox)
    #expect(try await web.request("GET /", cookie: false).status == 403)
    let page = try await web.request("GET /")
    #expect(page.status == 200 && page.body.contains("<!doctype html>") && page.headers["content-type"] == "text/html; charset=utf-8")
    let script = try await web.request("GET /page.js")
    let tag = try #require(script.headers["etag"])
    let known = try await web.request("GET /page.js", headers: "If-None-Match: \(tag)\r\n")
    #expect(script.status == 200 && known.status == 304 && known.body.isEmpty)
    #expect(try await sandbox.run("agents", "--json").output.contains(#""name":"user","online":true"#))
  }

  @Test func everyAnswerIsGuarded() async throws {
    let web = try await WebProcess.start(sandbox)
    for (line, status) in [
      ("GET /", 200), ("GET /page.js", 200), ("GET /api/state", 200), ("GET /x", 404), ("DELETE /", 405), ("GET /?key=\(web.key)", 303),
      ("POST /api/read", 403), ("GET /api/tasks?limit=0", 400), ("GET x", 400), ("G@T /", 400),
    ] {
      let response = try await web.request(line)
      #expect(response.status == status, "\(line)")
      #expect(response.headers["content-security-policy"]?.hasPrefix("default-src 'none'; script-src 'self';") == true, "\(line)")
      #expect(response.headers["x-content-type-options"] == "nosniff" && response.headers["x-frame-options"] == "DENY", "\(line)")
      #expect(response.headers["referrer-policy"] == "no-referrer", "\(line)")
      #expect(response.headers["cross-origin-resource-policy"] == "same-origin", "\(line)")
      #expect(response.headers["access-control-allow-origin"] == nil, "\(line)")
      #expect(response.headers["cache-control"] == (["GET /", "GET /page.js"].contains(line) ? "no-cache" : "no-store"), "\(line)")
    }
  }

  @Test func thePageActsForItsAgent() async throws {
    let web = try await WebProcess.start(sandbox, ["--as", "reviewer"])
    let message: JSON = ["to": "code", "content": "Hello", "key": "k"]
    let sent = try await web.post("/api/messages", message)
    #expect(sent.status == 200 && sent.json["to"] == "code" && sent.json["duplicate"] == false)
    #expect(try await web.post("/api/messages", message).json["duplicate"] == true)
    #expect(try await web.post("/api/messages", ["to": "code", "content": "Other", "key": "k"]).status == 409)
    let unknown = try await web.post("/api/messages", ["to": "nobody", "content": "Hello", "key": "l"])
    #expect(unknown.status == 404 && unknown.json["error"]?["code"] == "unknown_recipient")
    #expect(try await web.post("/api/messages", ["to": "code", "content": "", "key": "m"]).status == 400)
    #expect(try await web.post("/api/messages", ["to": "code", "content": "Hello"]).status == 400)
    #expect(try await web.post("/api/messages", ["to": 1, "content": "Hello", "key": "n"]).status == 400)
    #expect(try await web.post("/api/messages", [1]).json["error"]?["code"] == "invalid_value")
    #expect(try await sandbox.run("read", "--json").output.contains("Hello"))
    _ = try await sandbox.run("send", "reviewer", "one")
    _ = try await sandbox.run("send", "reviewer", "two", "--as", "cowork")
    #expect(try await web.post("/api/read", ["from": "cowork"]).json == ["read": 1])
    #expect(try await web.get("/api/state")["unread"] == ["messages": 1, "tasks": 0])
    #expect(try await web.post("/api/read", [:]).json == ["read": 1])
    #expect(try await sandbox.sqlite3("SELECT count(*) FROM messages WHERE read = 0") == "0")
  }

  @Test func tasksAreDelegatedAndEnded() async throws {
    let web = try await WebProcess.start(sandbox)
    let created = try await web.post("/api/tasks", ["to": "cowork", "title": "Look", "description": "at it", "key": "k"])
    let id = try #require(created.json["task_id"]?.stringValue)
    #expect(created.status == 200)
    _ = try await sandbox.run("tasks", "update", id, "in_progress", "--as", "cowork")
    let task = try await web.get("/api/task?id=\(id)")
    #expect(
      task["task"]?["status"] == "in_progress" && task["history"]?.arrayValue?.count == 2 && task["task"]?["time"]?.doubleValue != nil)
    #expect(try await web.get("/api/state")["unread"]?["tasks"] == 1)
    #expect(try await web.post("/api/read", [:]).json == ["read": 0])
    #expect(try await web.get("/api/state")["unread"]?["tasks"] == 0)
    #expect(try await web.post("/api/task", ["id": .string(id), "status": "completed"]).status == 403)
    #expect(try await web.post("/api/task", ["id": .string(id), "status": "x"]).status == 400)
    let ended = try await web.post("/api/task", ["id": .string(id), "status": "failed", "result": "no"])
    #expect(ended.json["task"]?["result"]?.stringValue?.hasSuffix("no") == true)
    #expect(try await web.post("/api/task", ["id": .string(id), "status": "in_progress"]).status == 409)
    #expect(try await web.get("/api/tasks?status=failed")["tasks"]?.arrayValue?.first?["id"] == .string(id))
    #expect(try await web.get("/api/task?id=none")["error"]?["code"] == "not_found")
  }

  @Test func readOnlyWritesNothing() async throws {
    _ = try await sandbox.run("send", "cowork", "for you")
    _ = try await sandbox.run("tasks", "create", "cowork", "Look")
    let before = try Data(contentsOf: URL(fileURLWithPath: sandbox.database))
    let web = try await WebProcess.start(sandbox, ["--read-only"])
    let events = try await web.events()
    _ = try await events.text(to: "event: state")
    for path in ["/", "/api/state", "/api/transcript", "/api/tasks", "/api/search?query=you", "/metrics", "/agents"] {
      #expect(try await web.request("GET \(path)").status == 200, "\(path)")
    }
    let state = try await web.get("/api/state")
    #expect(state["as"] == .null && state["unread"] == .null && state["read_only"] == true)
    for path in ["/api/messages", "/api/read", "/api/tasks", "/api/task"] {
      let refused = try await web.post(path, ["to": "cowork", "content": "x", "key": "k", "title": "t"])
      #expect(refused.status == 403 && refused.json["error"]?["code"] == "read_only", "\(path)")
    }
    #expect(try await web.program.end(by: SIGINT).outcome.status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: sandbox.database)) == before)
    #expect(try await sandbox.sqlite3("SELECT count(*) FROM agents WHERE name = 'user'") == "0")
  }

  @Test func readOnlyMakesNoStore() async throws {
    let outcome = try await sandbox.run("web", "--read-only", "--port", "0")
    #expect(outcome.status == 1 && outcome.errors.contains("There is no store in"))
    #expect(!FileManager.default.fileExists(atPath: sandbox.database))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func signalsEndItAlthoughTabsAreOpen(_ signal: Int32) async throws {
    let web = try await WebProcess.start(sandbox)
    let tabs = [try await web.events(), try await web.events(), try RawClient(web.port)]
    for tab in tabs.prefix(2) { _ = try await tab.text(to: "event: state") }
    let begin = ContinuousClock.now
    let outcome = try await web.program.end(by: signal).outcome
    #expect(outcome.status == 0 && .now - begin < .seconds(20))
    for tab in tabs { _ = try await tab.rest() }
    #expect(try await sandbox.run("agents", "--json").output.contains(#""name":"user","online":false"#))
  }

  @Test func neitherKeyNorCookieIsLogged() async throws {
    let web = try await WebProcess.start(sandbox, ["--log-level", "trace"], withErrors: true)
    let cookie = try #require(try await web.cookie().split(separator: "=").last?.prefix(32))
    for path in ["/?key=\(web.key)", "/x?key=\(web.key)", "/api/state?key=\(web.key)", "/\(web.key)", "/metrics"] {
      _ = try await web.request("GET \(path)", headers: "Authorization: Bearer \(web.key)\r\n")
    }
    _ = try await web.request("GET /?key=\(web.key)", cookie: false)
    let log = try await web.program.end(by: SIGINT).lines
    #expect(log.contains { $0.contains("route=state") })
    #expect(!log.contains { $0.contains(web.key) || $0.contains(cookie) })
  }

  @Test func aPortInUseIsNamed() async throws {
    let web = try await WebProcess.start(sandbox)
    let outcome = try await sandbox.run("web", "--port", String(web.port))
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors == "Port \(web.port) of 127.0.0.1 is in use: end what uses it, or choose another one with --port.\n")
  }

  @Test func theKeyOfAPortStaysTheSame() async throws {
    let port = try await WebProcess.start(sandbox).port
    var keys: Set<String> = []
    for _ in 1...2 {
      let web = try await WebProcess.start(sandbox, ["--port", String(port)])
      keys.insert(web.key)
      _ = try await web.program.end(by: SIGTERM)
    }
    #expect(keys.count == 1)
    for (file, mode) in [("", 0o700), ("/\(port).key", 0o600)] {
      let rights = try FileManager.default.attributesOfItem(atPath: sandbox.home + "/.cowork-code-mcp/web" + file)
      #expect(rights[.posixPermissions] as? Int == mode)
    }
  }

  @Test func theBrowserIsOpenedWithoutTheKeyInItsArguments() async throws {
    let seen = sandbox.home + "/seen"
    let script = "#!/bin/sh\n(echo \"$@\"; cat \"$1\"; ls -l \"$1\") > '\(seen).part'; mv '\(seen).part' '\(seen)'\n"
    try sandbox.write(script, to: "script")
    // Not written by this process: a program that is open for writing, as in a child that another test starts, does not run.
    try await sandbox.run(
      ["-c", "mkdir bin; for name in xdg-open open; do cp script bin/$name; chmod 755 bin/$name; done"], command: "/bin/sh")
    let path = "\(sandbox.home)/bin:/usr/bin:/bin"
    let web = try await WebProcess.start(sandbox, ["--open"], environment: ["PATH": path])
    let wait = try await sandbox.run(["-c", "until [ -e '\(seen)' ]; do sleep 0.02; done"], command: "/bin/sh")
    let lines = try #require(sandbox.read("seen")).split(separator: "\n")
    #expect(wait.status == 0 && !lines[0].contains(web.key))
    #expect(lines[1].contains("http://127.0.0.1:\(web.port)/?key=\(web.key)") && lines[2].hasPrefix("-rw-------"), "\(lines)")
    #expect(try await web.program.end(by: SIGINT).outcome.status == 0)
    #expect(!FileManager.default.fileExists(atPath: String(lines[0])))
  }

  @Test func aBrowserThatCannotBeOpenedIsANote() async throws {
    let web = try await WebProcess.start(sandbox, ["--open"], withErrors: true, environment: ["PATH": "/nowhere"])
    try await web.program.lines(to: "No browser could be opened")
    #expect(try await web.program.end(by: SIGINT).outcome.status == 0)
  }

  @Test(arguments: [
    ["--port", "65536"], ["--port", "-1"], ["--port", "x"], ["--as", "No Name"], ["--as", "code", "--read-only"], ["word"],
  ])
  func wrongUsageIs64(_ arguments: [String]) async throws {
    #expect(try await sandbox.run(["web"] + arguments).status == 64)
  }
}
