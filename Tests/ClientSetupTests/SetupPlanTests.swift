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
  static let own = OwnProgram(path: nil)

  private func plan(_ client: Client, _ folder: Folder, hooks: Bool = false) throws -> SetupPlan {
    var extras = SetupPlan.Extras()
    extras.addsHooks = hooks
    extras.hooks = { Hooks(program: $0.command, arguments: ["--as", "code"]) }
    return try SetupPlan(
      installing: "bridge", into: client, scope: .user, extras: extras, own: Self.own, places: folder.places, make: { _ in Self.entry })
  }

  private func removal(_ client: Client, _ folder: Folder) throws -> SetupPlan {
    try SetupPlan(uninstalling: "bridge", from: client, scope: .user, own: Self.own, places: folder.places)
  }

  @Test(arguments: Client.all.map(\.name)) func anEntryComesAndGoes(name: String) throws {
    let client = try #require(Client.all.first { $0.name == name })
    let before = name == "codex" ? "q = 0.10\n" : "{\n\t\"q\": 0.10,\n\t\"mcpServers\": {\"x\": {\"command\": \"y\"}}\n}"
    for before in [nil, name == "codex" ? "" : "{}", before] {
      let folder = try Folder()
      let file = try #require(client.files(.user, folder.places).first)
      try folder.write(before, to: file)
      #expect(try plan(client, folder).carryOut(dryRun: false).isChanged)
      #expect(try client.format.server("bridge", in: EditedText(Array(#require(folder.read(file)).utf8))) == Self.entry)
      #expect(try !plan(client, folder).carryOut(dryRun: false).isChanged)
      #expect(try removal(client, folder).carryOut(dryRun: false).isChanged)
      #expect(folder.read(file) == before)
    }
  }

  @Test func anEntryThatStartsTheSameKeepsItsOtherMembers() throws {
    let folder = try Folder()
    let text = #"{"mcpServers": {"bridge": {"command": "\#(Self.entry.command)", "args": ["code"], "env": {"A": "b"}}}}"#
    try folder.write(text, to: folder.path + "/.claude.json")
    #expect(try !plan(.claudeCode, folder).carryOut(dryRun: false).isChanged)
    #expect(folder.read(folder.path + "/.claude.json") == text)
  }

  @Test func aDryRunWritesNothing() throws {
    let folder = try Folder()
    let report = try plan(.claudeCode, folder, hooks: true).carryOut(dryRun: true)
    #expect(folder.files == [])
    #expect(report.files.map(\.isChanged) == [true, true])
  }

  /// Another program writes the file between reading and writing.
  @Test func aFileThatHasChangedMeanwhileIsLeftAlone() throws {
    let folder = try Folder()
    try folder.write("{}", to: folder.path + "/.claude.json")
    try folder.write("{}", to: folder.path + "/.claude/settings.json")
    let plan = try plan(.claudeCode, folder, hooks: true)
    try folder.write("{\"a\": 1}", to: folder.path + "/.claude.json")
    #expect(throws: SetupError.self) { try plan.carryOut(dryRun: false) }
    #expect(folder.read(folder.path + "/.claude.json") == "{\"a\": 1}")
    #expect(folder.files == [".claude", ".claude.json", ".claude/settings.json"])
  }

  @Test func whatWasChangedBeforeAFailureIsTold() throws {
    let folder = try Folder()
    try folder.write("{}", to: folder.path + "/.claude.json")
    try folder.write("{}", to: folder.path + "/.claude/settings.json")
    let plan = try plan(.claudeCode, folder, hooks: true)
    try folder.write("{\"a\": 1}", to: folder.path + "/.claude/settings.json")
    #expect {
      try plan.carryOut(dryRun: false)
    } throws: {
      let told = "Changed \(folder.path)/.claude.json; the previous version is in \(folder.path)/.claude.json.backup-"
      return "\($0)".hasPrefix(told) && "\($0)".contains("\(folder.path)/.claude/settings.json has been changed by another program")
    }
    #expect(folder.read(folder.path + "/.claude/settings.json") == "{\"a\": 1}")
    #expect(folder.files.count { $0.contains("backup") } == 1)
  }

  /// Another program writes the file while it is being made.
  @Test func aFileThatAppearsMeanwhileIsNotReplaced() throws {
    let folder = try Folder()
    let path = folder.path + "/.cursor/mcp.json"
    var file = try ConfigurationFile(reading: path)
    try file.edit { try JSONServers().install(Self.entry, as: "bridge", in: &$0) }
    let draft = try file.draft()
    try folder.write("{\"a\": 1}", to: path)
    let expected = SetupError("\(file.path) has been changed by another program meanwhile, and was left as it is: try again.")
    #expect(throws: expected) { try file.put(draft) }
    draft?.discard()
    #expect(throws: expected) { try file.draft() }
    #expect(folder.read(path) == "{\"a\": 1}" && folder.files == [".cursor", ".cursor/mcp.json"])
  }

  /// Whatever has the name of a copy, the next one is taken.
  @Test func aCopyGetsAFreeName() throws {
    let folder = try Folder()
    let path = folder.path + "/.claude.json"
    try folder.write("{}", to: path)
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    // Links to nothing, for the seconds that the test may take.
    for second in 0..<300 {
      let name = "\(path).backup-\(formatter.string(from: Date(timeIntervalSinceNow: Double(second))))"
      try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: "nothing")
    }
    let report = try plan(.claudeCode, folder).carryOut(dryRun: false)
    let backup = try #require(report.files.first?.backup)
    #expect(backup.hasSuffix("-01") && folder.read(backup) == "{}")
  }

  @Test(arguments: ["[1]", "{", "{\"mcpServers\": 1}"]) func aFileThatCannotBeEditedIsNamedAndStays(text: String) throws {
    let folder = try Folder()
    let file = folder.path + "/.claude.json"
    try folder.write(text, to: file)
    let error = #expect(throws: SetupError.self) { _ = try plan(.claudeCode, folder) }
    #expect(error?.description.contains(file) == true)
    #expect(folder.read(file) == text)
  }

  @Test func hooksFollowThoseOfTheUser() throws {
    let folder = try Folder()
    let file = folder.path + "/.claude/settings.json"
    let before = #"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}"#
    try folder.write(before, to: file)
    try plan(.claudeCode, folder, hooks: true).carryOut(dryRun: false)
    let settings = try JSON(decoding: try #require(folder.read(file)))
    #expect(settings["hooks"]?["Stop"]?.arrayValue?.first?["hooks"]?.arrayValue?.first?["command"] == "say done")
    let found = Hooks.found(in: try JSONText(Array(#require(folder.read(file)).utf8)), Self.own)
    #expect(Set(found.map(\.event)) == Set(HookEvent.allCases) && found.count == HookEvent.allCases.count)
    #expect(found.allSatisfy { $0.program == Self.entry.command && $0.arguments == ["--as", "code"] })
    try removal(.claudeCode, folder).carryOut(dryRun: false)
    #expect(folder.read(file) == before)
  }

  @Test func aSurveyFindsEntriesHooksAndBrokenFiles() throws {
    let folder = try Folder()
    try plan(.claudeCode, folder, hooks: true).carryOut(dryRun: false)
    let desktop = try #require(Client.claudeDesktop.files(.user, folder.places).first)
    try folder.write("{ not json", to: desktop)
    try folder.write("", to: folder.path + "/program")
    try folder.write(
      #"{"mcpServers": {"link": {"command": "\#(folder.path)/program"}, "other": {"command": "/other"}}}"#,
      to: folder.path + "/project/.mcp.json")
    let survey = ClientSurvey(places: folder.places, own: OwnProgram(path: folder.path + "/program"))
    #expect(survey.entries.map(\.name) == ["bridge", "link"])
    #expect(survey.entries.map(\.title) == ["Claude Code", "Claude Code (this project)"])
    #expect(survey.hooks.map(\.hooks.count) == [HookEvent.allCases.count])
    #expect(survey.broken.map(\.path) == [desktop])
  }
}
