import Foundation
import JSON
import MCP
import Testing

extension ProcessTests {
  enum Ending: String, CaseIterable, Sendable {
    case sigint, sigterm, endOfInput
  }

  /// The contract is 300 ms; more is allowed here, for the sake of slow machines.
  @Test(arguments: Ending.allCases, Wiring.allCases)
  func aWaitingServerEndsWhenItIsToldTo(_ ending: Ending, _ wiring: Wiring) async throws {
    let home = try Home()
    let server = try await Server.start(home, as: "cowork", wiring: wiring)
    let other = try await Server.start(home, as: "code")
    _ = server.beginCall("wait_for_updates", ["timeout_seconds": 55])
    _ = try await server.call("list_agents")
    let started = ContinuousClock.now
    switch ending {
    case .sigint: server.child.signal(SIGINT)
    case .sigterm: server.child.signal(SIGTERM)
    case .endOfInput: server.closeInput()
    }
    let status = try await server.child.exit(within: .seconds(2))
    report("\(ending) ends a waiting server (\(wiring)) in \((ContinuousClock.now - started).milliseconds)")
    #expect(status == .exited(0))
    let agents = try await other.call("list_agents")["agents"]?.arrayValue
    #expect(agents?.first { $0["name"] == "cowork" }?["online"] == false, "it has signed off")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aServerEndsWhoseOutputNobodyReads(_ signal: Int32) async throws {
    let home = try Home()
    let sender = try await Server.start(home, as: "code")
    let server = try await Server.start(home, as: "cowork")
    try await blockOutput(of: server, from: sender)
    let sent = try await sender.send(["x"], to: "cowork")
    _ = server.beginCall("read_messages")
    try await sender.untilRead(1, sentBy: "code")
    let started = ContinuousClock.now
    server.child.signal(signal)
    _ = try await server.child.exit(within: .seconds(2))
    report("signal \(signal) ends a server with a blocked output in \((ContinuousClock.now - started).milliseconds)")
    let next = try await Server.start(home, as: "cowork")
    #expect(try await next.readAll().map(\.id) == sent)
  }

  enum Damage: String, CaseIterable, Sendable {
    case homeIsAFile, noDatabase, folderIsAFile

    func put(in home: Home) throws {
      let files = FileManager.default
      switch self {
      case .homeIsAFile:
        try files.removeItem(at: home.folder)
        try Data("x".utf8).write(to: home.folder)
      case .folderIsAFile: try Data("x".utf8).write(to: home.database.deletingLastPathComponent())
      case .noDatabase:
        try files.createDirectory(at: home.database.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(String(repeating: "This is no database. ", count: 1000).utf8).write(to: home.database)
      }
    }

    func repair(_ home: Home) throws {
      let files = FileManager.default
      switch self {
      case .homeIsAFile:
        try files.removeItem(at: home.folder)
        try files.createDirectory(at: home.folder, withIntermediateDirectories: true)
      case .folderIsAFile: try files.removeItem(at: home.database.deletingLastPathComponent())
      case .noDatabase: try files.removeItem(at: home.database)
      }
    }
  }

  @Test(arguments: Damage.allCases)
  func aServerWithoutADatabaseAnswersAndWorksOnceItIsRepaired(_ damage: Damage) async throws {
    let home = try Home()
    try damage.put(in: home)
    let server = try await Server.start(home, as: "code")
    #expect(try await server.request("tools/list")["result"]?["tools"]?.arrayValue?.count == 8)
    let calls: [(String, JSON)] = [
      ("send_message", ["to": "cowork", "content": "x"]), ("read_messages", [:]), ("list_agents", [:]), ("search_history", [:]),
      ("create_task", ["to": "cowork", "title": "t", "description": ""]), ("get_tasks", [:]), ("wait_for_updates", ["timeout_seconds": 1]),
      ("update_task", ["task_id": "x", "status": "failed"]),
    ]
    for (tool, arguments) in calls {
      let sentence = try await server.failure(tool, arguments)
      #expect(sentence.contains(home.folder.path) && sentence.hasSuffix("."), "\(tool): \(sentence)")
    }
    try damage.repair(home)
    #expect(try await server.call("send_message", ["to": "cowork", "content": "x"])["duplicate"] == false)
    let reader = try await Server.start(home, as: "cowork")
    #expect(try await reader.readAll().map(\.content) == ["x"])
    try await home.expectIntegrity()
  }

  @Test func logsGoToStandardErrorAndNeverHoldTheEnvironment() async throws {
    let home = try Home()
    let secrets = ["ANTHROPIC_API_KEY": "sk-secret-1", "CLAUDE_CODE_MESSAGING_TOKEN": "secret-2", "PGPASSWORD": "secret-3"]
    let server = try await Server.start(home, as: "code", options: ["--log-level", "trace"], environment: secrets)
    try await server.send(["x"], to: "cowork")
    _ = try await server.failure("send_message", ["to": "nobody", "content": "x"])
    _ = try await server.call("wait_for_updates", ["timeout_seconds": 1])
    _ = try await server.request("nonsense")
    server.notify("notifications/nonsense")
    try Data("broken".utf8).write(to: home.database)
    _ = try await server.beginCall("list_agents").reply.value("an answer")
    try await server.stop()
    let log = try String(contentsOf: server.log, encoding: .utf8)
    #expect(!log.isEmpty, "at level trace something is logged")
    for secret in secrets.values { #expect(!log.contains(secret)) }
    #expect(server.strangeLines.isEmpty, "standard output is the protocol's alone")
    #expect(server.messages.allSatisfy { $0["jsonrpc"] == "2.0" })
    #expect(server.messages.filter { $0["id"] != nil }.count == 6)
  }

  @Test func atTheUsualLevelAnOrdinarySessionLogsNothing() async throws {
    let server = try await Server.start(Home(), as: "code")
    try await server.send(["x"], to: "cowork")
    try await server.stop()
    #expect(try String(contentsOf: server.log, encoding: .utf8) == "")
  }
}
