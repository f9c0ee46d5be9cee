import Foundation
import JSON
import Testing

@testable import ClientSetup

@Suite struct SetupPlanTests {
  /// A folder of its own that is home and project of a test.
  final class Folder: Sendable {
    let path = NSTemporaryDirectory() + "client-setup-" + UUID().uuidString.prefix(8)
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    var places: Places { Places(environment: ["HOME": path], folder: path + "/project") }
    var files: [String] { (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted() }

    func write(_ text: String?, to file: String) throws {
      guard let text else { return }
      try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }

    func read(_ file: String) -> String? { try? String(contentsOfFile: file, encoding: .utf8) }
  }

  static let entry = ServerEntry(command: "/bin/cowork-code-mcp-server", arguments: ["code"])

  private func plan(_ client: Client, _ folder: Folder, _ entry: ServerEntry = entry, hooks: Bool = false) throws(SetupError) -> SetupPlan {
    try SetupPlan(
      installing: entry, as: "bridge", into: client, scope: .user, hooks: hooks ? Hooks(command: entry.command, arguments: []) : nil,
      places: folder.places)
  }

  @Test(arguments: Client.all.map(\.name), [nil, "{}", "{\n\t\"q\": 0.10,\n\t\"mcpServers\": {\"x\": {\"command\": \"y\"}}\n}"])
  func anEntryComesAndGoes(name: String, before: String?) throws {
    let client = try #require(Client.all.first { $0.name == name })
    let folder = try Folder()
    let file = try #require(client.servers(.user, folder.places))
    try folder.write(before, to: file)
    #expect(try plan(client, folder).carryOut(dryRun: false) { _ in })
    let servers = client.list.reduce(try JSON(decoding: try #require(folder.read(file)))) { $0[$1] ?? .null }
    #expect(Self.entry.isStarted(by: servers["bridge"]))
    #expect(servers["x"] == (before?.contains("\"x\"") == true ? ["command": "y"] : nil))
    #expect(try !plan(client, folder).carryOut(dryRun: false) { _ in })
    try SetupPlan(uninstalling: "bridge", from: client, scope: .user, places: folder.places).carryOut(dryRun: false) { _ in }
    let after = try #require(folder.read(file))
    #expect(!after.contains("bridge"))
    if let before, before.contains("mcpServers") { #expect(after == before) }
  }

  @Test func anEntryThatStartsTheSameKeepsItsOtherMembers() throws {
    let folder = try Folder()
    let text = #"{"mcpServers": {"bridge": {"command": "\#(Self.entry.command)", "args": ["code"], "env": {"A": "b"}}}}"#
    try folder.write(text, to: folder.path + "/.claude.json")
    #expect(try !plan(.claudeCode, folder).carryOut(dryRun: false) { _ in })
    #expect(folder.read(folder.path + "/.claude.json") == text)
  }

  @Test func aDryRunWritesNothing() throws {
    let folder = try Folder()
    var events = [String]()
    #expect(try plan(.claudeCode, folder, hooks: true).carryOut(dryRun: true) { events.append($0) })
    #expect(folder.files == [])
    #expect(events.count == 2)
  }

  @Test(arguments: ["[1]", "{", "{\"mcpServers\": 1}"]) func aFileThatCannotBeEditedIsNamedAndStays(text: String) throws {
    let folder = try Folder()
    let file = folder.path + "/.claude.json"
    try folder.write(text, to: file)
    let error = #expect(throws: SetupError.self) { try plan(.claudeCode, folder) }
    #expect(error?.description.contains(file) == true)
    #expect(folder.read(file) == text)
  }

  @Test func hooksFollowThoseOfTheUser() throws {
    let folder = try Folder()
    let file = folder.path + "/.claude/settings.json"
    let before = #"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}"#
    try folder.write(before, to: file)
    try plan(.claudeCode, folder, hooks: true).carryOut(dryRun: false) { _ in }
    let settings = try JSON(decoding: try #require(folder.read(file)))
    #expect(settings["hooks"]?["Stop"]?.arrayValue?.first?["hooks"]?.arrayValue?.first?["command"] == "say done")
    let commands = Hooks.commands(in: settings)
    #expect(Set(commands) == Set(HookEvent.allCases.map { "\(Self.entry.command) hook \($0.rawValue)" }))
    #expect(Set(commands.map(Hooks.program)) == [Self.entry.command])
    try SetupPlan(uninstalling: "bridge", from: .claudeCode, scope: .user, places: folder.places).carryOut(dryRun: false) { _ in }
    #expect(folder.read(file) == before)
  }

  @Test func aSurveyFindsEntriesHooksAndBrokenFiles() throws {
    let folder = try Folder()
    try plan(.claudeCode, folder, hooks: true).carryOut(dryRun: false) { _ in }
    let desktop = try #require(Client.claudeDesktop.servers(.user, folder.places))
    try folder.write("{ not json", to: desktop)
    try folder.write(
      #"{"mcpServers": {"link": {"command": "/link"}, "other": {"command": "/other"}}}"#, to: folder.path + "/project/.mcp.json")
    let survey = ClientSurvey(places: folder.places) { $0 == "/link" }
    #expect(survey.entries.map(\.name) == ["bridge", "link"])
    #expect(survey.entries.map(\.title) == ["Claude Code", "Claude Code (this project)"])
    #expect(survey.hooks.map(\.commands.count) == [HookEvent.allCases.count])
    #expect(survey.broken.map(\.path) == [desktop])
  }
}
