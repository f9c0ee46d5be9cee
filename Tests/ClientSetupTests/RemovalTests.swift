import JSON
import Testing

@testable import ClientSetup

@Suite struct RemovalTests {
  private let folder: SetupPlanTests.Folder
  private var servers: String { folder.path + "/.claude.json" }
  private var settings: String { folder.path + "/.claude/settings.json" }

  init() throws { folder = try SetupPlanTests.Folder() }

  @discardableResult
  private func install(
    _ name: String = "bridge", hooks: Bool = false, allows: Bool = false, as agent: String = "code"
  ) throws -> SetupReport {
    var extras = SetupPlan.Extras()
    (extras.addsHooks, extras.allowsTools) = (hooks, allows)
    extras.hooks = { Hooks(program: $0.command, arguments: ["--as", $0.arguments[0]]) }
    return try SetupPlan(
      installing: name, into: .claudeCode, scope: .user, extras: extras, own: SetupPlanTests.own, places: folder.places,
      make: { _ in ServerEntry(command: "/bin/cowork-code-mcp-server", arguments: [agent]) }
    ).carryOut(dryRun: false)
  }

  @discardableResult
  private func uninstall(_ name: String = "bridge") throws -> SetupReport {
    try SetupPlan(uninstalling: name, from: .claudeCode, scope: .user, own: SetupPlanTests.own, places: folder.places)
      .carryOut(dryRun: false)
  }

  @Test(arguments: [
    #"{"url":"https://o/mcp?key=SECRET","headers":{"Authorization":"Bearer SECRET"}}"#, "null", "[]", #""x""#, #"{"command":5}"#,
    #"{"command":"npx","args":["-y","other-server"],"env":{"A":"SECRET"}}"#,
  ])
  func anotherServersEntryIsRefusedAndNotShown(entry: String) throws {
    let text = #"{"mcpServers":{"bridge":\#(entry)}}"#
    try folder.write(text, to: servers)
    let error = try #require(throws: (any Error).self) { try uninstall() }
    #expect("\(error)".contains("\"bridge\"") && !"\(error)".contains("SECRET"))
    #expect(folder.read(servers) == text)
  }

  @Test(arguments: [
    #"{"command":"docker","args":["run","-i","--rm","ghcr.io/o/cowork-code-mcp-server:1.0.0","code"]}"#,
    #"{"command":"ssh","args":["host","/usr/bin/cowork-code-mcp-server","code"]}"#,
  ])
  func anEntryThatStartsTheProgramByAnotherOneGoes(entry: String) throws {
    try folder.write(#"{"mcpServers":{"bridge":\#(entry),"x":{"command":"y"}}}"#, to: servers)
    #expect(try uninstall().isChanged)
    #expect(folder.read(servers) == #"{"mcpServers":{"x":{"command":"y"}}}"#)
  }

  @Test(arguments: [
    #"{"type":"command","command":"/usr/bin/logger","args":["cowork-code-mcp-server","hook","Stop"]}"#,
    #"{"type":"command","command":"echo cowork-code-mcp-server hook Stop"}"#,
    #"{"type":"command","command":"logger 'a; cowork-code-mcp-server hook Stop'"}"#,
  ])
  func hooksOfOtherProgramsStay(hook: String) throws {
    let text = #"{"hooks":{"Stop":[{"hooks":[\#(hook)]}]}}"#
    try folder.write(text, to: settings)
    try install(hooks: true)
    #expect(folder.read(settings) != text)
    try uninstall()
    #expect(folder.read(settings) == text)
  }

  @Test(arguments: [
    "cowork-code-mcp-server hook Stop", "'/a b/cowork-code-mcp-server' hook Stop --as code", "A=b cowork-code-mcp-server hook Stop; true",
    "command -v cowork-code-mcp-server >/dev/null 2>&1 || exit 0; exec cowork-code-mcp-server hook Stop --as code",
  ])
  func hooksOfThisProgramGo(line: String) throws {
    let json: JSON = ["hooks": ["Stop": [["hooks": [["type": "command", "command": .string(line)]]]]], "a": 1]
    try folder.write(String(decoding: json.encoded(), as: UTF8.self), to: settings)
    try uninstall()
    #expect(folder.read(settings) == #"{"a":1}"#)
  }

  @Test func hooksStayWhileAnotherEntryNeedsThem() throws {
    try install(hooks: true)
    let before = folder.read(settings)
    #expect(try !uninstall("mistyped").isChanged)
    #expect(folder.read(settings) == before)
    let second = try install("second", hooks: true, as: "bob")
    #expect(second.notes.contains { $0.contains("--as bob") && $0.contains("--as code") }, "\(second.notes)")
    let report = try uninstall("second")
    #expect(report.notes.contains { $0.contains("--name bridge") }, "\(report.notes)")
    #expect(folder.read(settings)?.contains("\"hook\"") == true)
    try uninstall()
    #expect(folder.read(settings) == nil && folder.read(servers) == nil)
  }

  @Test(arguments: ["{ }", "{\n}", "{\n}\n", "{\"mcpServers\": {\n  }\n}\n", "{\"a\": \"b  c\" ,\n\n \"d\": [ ]}", "\n"])
  func aFileIsAsItWasToTheByte(text: String) throws {
    try folder.write(text, to: servers)
    try folder.write(text, to: settings)
    try install(hooks: true, allows: true)
    try uninstall()
    #expect(folder.read(servers) == text)
    #expect(folder.read(settings) == text)
  }

  @Test func whatTheUserHasAddedMeanwhileStays() throws {
    try folder.write("{ }", to: servers)
    try install()
    try folder.write(try #require(folder.read(servers)).replacing("{\n  \"mcp", with: "{\n  \"a\": \"b c\",\n  \"mcp"), to: servers)
    try uninstall()
    #expect(folder.read(servers)?.contains("\"b c\"") == true)
  }

  @Test func aPermissionThatTheUserHadStays() throws {
    let text = #"{"permissions":{"allow":["mcp__bridge"]}}"#
    try folder.write(text, to: settings)
    try install(hooks: true, allows: true)
    try uninstall()
    #expect(folder.read(settings) == text)
  }
}
