import Foundation
import JSON
import MCPClient
import ProcessTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct DoctorTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  /// What the program says of each subject.
  private func doctor(_ arguments: String..., status: Int32 = 0, environment: [String: String] = [:]) async throws -> Findings {
    let outcome = try await sandbox.run(["doctor", "--json"] + arguments, environment: environment)
    #expect(outcome.status == status, "\(outcome.output) \(outcome.errors)")
    #expect(try outcome.json["ok"]?.boolValue == (status == 0))
    return try Findings(outcome.json)
  }

  private var homeContents: Set<String> {
    get throws { Set(try FileManager.default.contentsOfDirectory(atPath: sandbox.home)) }
  }

  @Test func rightAfterTheInstallationAllIsWellAndNothingIsMade() async throws {
    let findings = try await doctor()
    #expect(findings.failures.isEmpty && findings.warnings.isSubset(of: ["SQLite", "disk", "round trip"]))
    #expect(findings["store"].contains("does not exist yet") && findings["round trip"].contains("Two servers woke each other"))
    #expect(try homeContents.isEmpty)
  }

  @Test func aStoreInUseIsWellAndStaysAsItIs() async throws {
    _ = try await sandbox.run("send", "cowork", "stays unread")
    _ = try await sandbox.run("tasks", "create", "cowork", "stays open")
    let tables = ["messages", "message_details", "leases", "lease_items", "tasks", "task_details", "task_events", "agents", "instances"]
    let dump = tables.map { "SELECT '\($0)', * FROM \($0)" }.joined(separator: ";")
    let before = try await sandbox.sqlite3(dump)
    let findings = try await doctor()
    #expect(findings.failures.isEmpty && findings.warnings.isSubset(of: ["SQLite", "disk", "round trip"]))
    #expect(findings["unread"].contains("1 message unread") && findings["tasks"].contains("1 task open"))
    #expect(findings["round trip"].contains("Two servers woke each other") && !findings["round trip"].contains("removed"))
    #expect(try await sandbox.sqlite3(dump) == before)
    let shown = try await sandbox.run("doctor")
    #expect(shown.status == 0 && shown.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(shown.output.contains("ok       round trip"))
  }

  @Test func rightsOfOthersAreAWarning() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    chmod(sandbox.database, 0o644)
    let findings = try await doctor()
    #expect(findings.warnings.contains("rights") && findings["rights"].contains("0644") && findings["rights"].contains("chmod 600"))
  }

  @Test func aNewerSchemaIsAFailure() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3("INSERT INTO bridge_schema VALUES (99, '')")
    let findings = try await doctor(status: 1)
    #expect(findings.failures == ["schema"] && findings["schema"].contains("99") && findings["schema"].contains("newer"))
    #expect(findings["round trip"].contains("Left out"))
  }

  @Test func aFileOfAnotherProgramIsWellAndIsNotTouched() async throws {
    try FileManager.default.createDirectory(atPath: sandbox.home + "/.cowork-code-mcp", withIntermediateDirectories: true)
    try await sandbox.sqlite3(
      "CREATE TABLE messages (id TEXT PRIMARY KEY, sender TEXT, recipient TEXT, content TEXT, read INTEGER, created_at TEXT)")
    chmod(sandbox.database, 0o600)
    let before = try Data(contentsOf: URL(fileURLWithPath: sandbox.database))
    let findings = try await doctor()
    #expect(findings.failures.isEmpty && findings["schema"].contains("another program"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: sandbox.database)) == before)
  }

  @Test func aFileThatIsNoDatabaseOrIsDamagedIsAFailure() async throws {
    try FileManager.default.createDirectory(atPath: sandbox.home + "/.cowork-code-mcp", withIntermediateDirectories: true)
    try Data("This is no database, and never was one.".utf8).write(to: URL(fileURLWithPath: sandbox.database))
    #expect(try await doctor(status: 1)["store"].contains("not an SQLite database"))
    try FileManager.default.removeItem(atPath: sandbox.database)
    _ = try await sandbox.run("send", "cowork", "x")
    try await sandbox.sqlite3("PRAGMA journal_mode = DELETE")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: sandbox.database))
    for index in 4096..<min(bytes.count, 40_960) { bytes[index] = 0x5A }
    try bytes.write(to: URL(fileURLWithPath: sandbox.database))
    let findings = try await doctor(status: 1)
    #expect(findings.failures.contains("integrity") || findings["store"].contains("damaged"), "\(findings)")
  }

  @Test func aPlaceThatCannotBeWrittenIsAFailure() async throws {
    let findings = try await doctor("--database-url", "/proc/nowhere/messages.db", status: 1)
    #expect(!findings.failures.isEmpty && findings["round trip"].contains("Left out"), "\(findings)")
    #if os(Linux)
      #expect(findings["disk"] == "0 MB are free.\nFree some space: messages cannot be stored.")
    #endif
  }

  /// A file size limit fails like a full disk, and needs no privileges.
  @Test func aDiskThatTakesNothingIsAFailure() async throws {
    _ = try await sandbox.run("send", "cowork", "there already")
    let before = try Data(contentsOf: URL(fileURLWithPath: sandbox.database))
    let outcome = try await sandbox.shell("(ulimit -f 0; trap '' XFSZ; \"$0\" doctor --json; echo $?) | cat")
    let lines = outcome.output.split(separator: "\n")
    try #require(lines.count == 2 && lines[1] == "1", "\(outcome.output)")
    let findings = try Findings(JSON(decoding: String(lines[0])))
    #expect(findings.failures == ["store"] && findings["round trip"].contains("Left out"), "\(findings)")
    #expect(findings["store"].contains("see whether it is full"), "\(findings)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: sandbox.database)) == before)
    #expect(try await doctor().failures.isEmpty)
  }

  @Test func anUnreachablePostgresIsAFailureWithoutThePassword() async throws {
    let outcome = try await sandbox.run(
      "doctor", "--log-level", "debug", environment: ["COWORK_DATABASE_URL": "postgres://me:s3cret-w0rd@127.0.0.1:1/bridge"])
    #expect(outcome.status == 1 && outcome.output.contains("127.0.0.1:1") && outcome.output.contains("~/.pgpass"))
    #expect(!(outcome.output + outcome.errors).contains("s3cret-w0rd"))
  }

  // MARK: Clients

  private func configure(_ path: String, _ text: String) throws {
    let url = URL(fileURLWithPath: sandbox.home + "/" + path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  @Test func clientsThatNameThisProgramAreWell() async throws {
    for client in ["claude-code", "claude-desktop"] { #expect(try await sandbox.run("install", client).status == 0) }
    #expect(try await sandbox.run("install", "claude-code", "--hooks").status == 0)
    let findings = try await doctor()
    #expect(findings.failures.isEmpty && findings["clients"].contains("Claude Code: cowork-bridge, as code"))
    #expect(findings["clients"].contains("Claude Desktop: cowork-bridge, as cowork") && findings["hooks"].contains("hooks of this program"))
  }

  #if os(Linux)
    @Test func aServerThatRunsForAnotherStoreThanItsConfigurationIsAWarning() async throws {
      #expect(try await sandbox.run("install", "claude-code").status == 0)
      let server = try sandbox.startServer(["code"])
      try await server.connect()
      #expect(try await doctor()["programs"] == "")
      let stray = try sandbox.startServer(["code", "--database-url", sandbox.home + "/other.db"])
      try await stray.connect()
      let programs = try await doctor()["programs"]
      #expect(programs.contains("Process \(stray.pid) runs as code on \(sandbox.home)/other.db"), "\(programs)")
      #expect(!programs.contains("\(server.pid)"))
      for server in [server, stray] { _ = await server.end() }
    }
  #endif

  @Test func aProgramThatIsMissingIsAFailure() async throws {
    try configure(".claude.json", #"{"mcpServers": {"bridge": {"command": "/gone/cowork-code-mcp-server", "args": ["code"]}}}"#)
    try configure(
      ".claude/settings.json",
      #"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "'/gone too/cowork-code-mcp-server' hook Stop"}]}]}}"#)
    let findings = try await doctor(status: 1)
    #expect(findings.failures == ["clients", "hooks"])
    #expect(findings["clients"].contains("/gone/cowork-code-mcp-server") && findings["hooks"].contains("/gone too/cowork-code-mcp-server"))
  }

  @Test func aHookThatFailsIsAFailure() async throws {
    _ = try await sandbox.run("install", "claude-code", "--hooks")
    let path = sandbox.home + "/.claude/settings.json"
    let settings = try String(contentsOfFile: path, encoding: .utf8)
    try configure(".claude/settings.json", settings.replacing("\"Stop\", \"--as\"", with: "\"Stop\", \"--is\""))
    let findings = try await doctor(status: 1)
    #expect(findings.failures == ["hooks"] && findings["hooks"].contains("--is"))
    _ = try await sandbox.run("install", "claude-code", "--hooks")
    #expect(try await doctor().failures.isEmpty)
  }

  @Test func twoClientsThatAreOneAgentAreAWarning() async throws {
    _ = try await sandbox.run("install", "claude-code")
    _ = try await sandbox.run("install", "claude-desktop", "--identity", "code")
    let findings = try await doctor()
    #expect(findings.warnings.contains("clients") && findings["clients"].contains("are both code"))
    _ = try await sandbox.run("install", "claude-desktop", "--identity", "cowork")
    #expect(!(try await doctor().warnings.contains("clients")))
  }

  @Test func whatElseIsWrongInAConfigurationIsToldWithoutSecrets() async throws {
    let server = { (arguments: String) in #"{"mcpServers": {"bridge": {"command": "\#(Program.path)", "args": [\#(arguments)]}}}"# }
    try configure(".mcp.json", server(#""code", "--database-url", "postgres://me:s3cret-w0rd@db.example.com/bridge""#))
    try configure(".claude.json", server(#""No Name""#))
    try configure(".config/Claude/claude_desktop_config.json", "{ not json")
    let findings = try await doctor(status: 1)
    #expect(findings["clients"].contains("password") && findings["clients"].contains("db.example.com"))
    #expect(findings["clients"].contains("not valid JSON") && findings["clients"].contains("\"No Name\" is not a name for an agent"))
    #expect(!findings["clients"].contains("s3cret-w0rd"))
  }
}

/// The checks of a report.
struct Findings: CustomStringConvertible {
  let checks: [JSON]

  init(_ json: JSON) throws { checks = try json.list("checks") }

  /// Findings and advice of all checks of a subject.
  subscript(subject: String) -> String {
    checks.filter { $0["subject"]?.stringValue == subject }
      .flatMap { [$0["found"]?.stringValue ?? "", $0["advice"]?.stringValue ?? ""] }.joined(separator: "\n")
  }

  var failures: Set<String> { subjects("failure") }
  var warnings: Set<String> { subjects("warning") }
  var description: String { "\(checks)" }

  private func subjects(_ verdict: String) -> Set<String> {
    Set(checks.filter { $0["verdict"]?.stringValue == verdict }.compactMap { $0["subject"]?.stringValue })
  }
}
