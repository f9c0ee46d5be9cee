import Foundation
import JSON
import MCPClient
import ProcessTesting
import SystemSupport
import Testing

extension ProcessTests {
  enum Ending: String, CaseIterable, Sendable {
    case sigint, sigterm, endOfInput
  }

  /// The contract is 300 ms, which a slow machine or disk may not keep.
  @Test(arguments: Ending.allCases, ChildServer.Wiring.allCases)
  func aWaitingServerEndsWhenItIsToldTo(_ ending: Ending, _ wiring: ChildServer.Wiring) async throws {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("cowork", wiring: wiring)
    let other = try await sandbox.serve("code")
    _ = server.beginCall("wait_for_updates", ["timeout_seconds": 55])
    _ = try await server.call("list_agents")
    let started = ContinuousClock.now
    switch ending {
    case .sigint: server.child.signal(SIGINT)
    case .sigterm: server.child.signal(SIGTERM)
    case .endOfInput: server.closeInput()
    }
    let status = try await server.status()
    report("\(ending) ends a waiting server (\(wiring)) in \((ContinuousClock.now - started).milliseconds)")
    #expect(status == .exited(0))
    let agents = try await other.call("list_agents")["agents"]?.arrayValue
    #expect(agents?.first { $0["name"] == "cowork" }?["online"] == false, "it has signed off")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aServerEndsWhoseOutputNobodyReads(_ signal: Int32) async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code")
    let server = try await sandbox.serve("cowork")
    try await blockOutput(of: server, from: sender)
    let sent = try await sender.send(["x"], to: "cowork")
    _ = server.beginCall("read_messages")
    try await sender.untilRead(1, sentBy: "code")
    let started = ContinuousClock.now
    server.child.signal(signal)
    _ = try await server.status()
    report("signal \(signal) ends a server with a blocked output in \((ContinuousClock.now - started).milliseconds)")
    let next = try await sandbox.serve("cowork")
    #expect(try await next.readAll().map(\.id) == sent)
  }

  /// The log drops lines and says how many, once there is room again.
  @Test(arguments: ChildServer.Wiring.allCases)
  func aServerWhoseStandardErrorNobodyReadsGoesOn(_ wiring: ChildServer.Wiring) async throws {
    let sandbox = try Sandbox()
    let (reading, writing): (FileDescriptor, FileDescriptor)
    switch wiring {
    case .pipes: (reading, writing) = try FileDescriptor.makePipe()
    case .sockets: (reading, writing) = try FileDescriptor.makeSocketPair()
    }
    defer { try? reading.close() }
    var filled = 0
    while writing.isWritable { filled += try writing.writeReady([UInt8](repeating: 0x20, count: 4096)[...], writing.kind) }
    let server = try sandbox.startServer(["serve", "cowork", "--log-level", "trace"], errors: writing)
    try await server.connect()
    _ = try await server.call("list_agents")
    // As much as was there before, so that none of it is the server's.
    while filled > 0 { filled -= try reading.readSome(upTo: filled).count }
    _ = try await server.call("list_agents")
    try await server.stop()
    let log = String(decoding: try reading.readToEnd(), as: UTF8.self)
    #expect(log.contains(/\([0-9]+ lines of the log were dropped/), "\(log)")
  }

  enum Damage: String, CaseIterable, Sendable {
    case homeIsAFile, noDatabase, folderIsAFile

    func put(in sandbox: Sandbox) throws {
      let files = FileManager.default
      let folder = URL(filePath: sandbox.database).deletingLastPathComponent()
      switch self {
      case .homeIsAFile:
        try files.removeItem(atPath: sandbox.home)
        try Data("x".utf8).write(to: URL(filePath: sandbox.home))
      case .folderIsAFile: try Data("x".utf8).write(to: folder)
      case .noDatabase:
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(String(repeating: "This is no database. ", count: 1000).utf8).write(to: URL(filePath: sandbox.database))
      }
    }

    func repair(_ sandbox: Sandbox) throws {
      let files = FileManager.default
      let folder = URL(filePath: sandbox.database).deletingLastPathComponent()
      switch self {
      case .homeIsAFile:
        try files.removeItem(atPath: sandbox.home)
        try files.createDirectory(atPath: sandbox.home, withIntermediateDirectories: true)
      case .folderIsAFile: try files.removeItem(at: folder)
      case .noDatabase: try files.removeItem(atPath: sandbox.database)
      }
    }
  }

  @Test(arguments: Damage.allCases)
  func aServerWithoutADatabaseAnswersAndWorksOnceItIsRepaired(_ damage: Damage) async throws {
    let sandbox = try Sandbox()
    try damage.put(in: sandbox)
    let server = try await sandbox.serve("code")
    #expect(try await server.request("tools/list")["tools"]?.arrayValue?.count == 8)
    let calls: [(String, JSONObject)] = [
      ("send_message", ["to": "cowork", "content": "x"]), ("read_messages", [:]), ("list_agents", [:]), ("search_history", [:]),
      ("create_task", ["to": "cowork", "title": "t", "description": ""]), ("get_tasks", [:]), ("wait_for_updates", ["timeout_seconds": 1]),
      ("update_task", ["task_id": "x", "status": "failed"]),
    ]
    for (tool, arguments) in calls {
      let sentence = try await server.failure(tool, arguments)
      #expect(sentence.contains(sandbox.home) && sentence.hasSuffix("."), "\(tool): \(sentence)")
    }
    try damage.repair(sandbox)
    #expect(try await server.call("send_message", ["to": "cowork", "content": "x"])["duplicate"] == false)
    let reader = try await sandbox.serve("cowork")
    #expect(try await reader.readAll().map(\.content) == ["x"])
    try await sandbox.expectIntegrity()
  }

  @Test func logsGoToStandardErrorAndNeverHoldTheEnvironment() async throws {
    let sandbox = try Sandbox()
    let secrets = ["ANTHROPIC_API_KEY": "sk-secret-1", "CLAUDE_CODE_MESSAGING_TOKEN": "secret-2", "PGPASSWORD": "secret-3"]
    let server = try await sandbox.serve("code", "--log-level", "trace", environment: secrets)
    try await server.send(["x"], to: "cowork")
    _ = try await server.failure("send_message", ["to": "nobody", "content": "x"])
    _ = try await server.call("wait_for_updates", ["timeout_seconds": 1])
    _ = try await server.begin("nonsense").arrival()
    server.notify("notifications/nonsense")
    try Data("broken".utf8).write(to: URL(filePath: sandbox.database))
    _ = try await server.beginCall("list_agents").arrival()
    try await server.stop()
    let log = sandbox.log(of: server)
    #expect(!log.isEmpty, "at level trace something is logged")
    for secret in secrets.values { #expect(!log.contains(secret)) }
    #expect(server.garbage.isEmpty, "standard output is the protocol's alone")
    #expect(server.messages.allSatisfy { $0["jsonrpc"] == "2.0" })
    #expect(server.messages.filter { $0["id"] != nil }.count == 6)
  }

  @Test func atTheUsualLevelAnOrdinarySessionLogsNothing() async throws {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("code")
    try await server.send(["x"], to: "cowork")
    try await server.stop()
    #expect(sandbox.log(of: server) == "")
  }
}

extension FileDescriptor {
  fileprivate var isWritable: Bool {
    var poll = PollSet()
    poll.add(self, .writable)
    return poll.wait(for: .zero)
  }
}
