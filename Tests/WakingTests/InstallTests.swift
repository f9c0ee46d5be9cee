import Foundation
import JSON
import MCPClient
import ProcessTesting
import Testing

extension RealProcesses {
  /// Configuration files: our entries are added and removed, and everything else stays byte for byte.
  @Suite struct InstallTests {
    /// Oddly written on purpose.
    static let settings = """
      {
          "model": "opus",  "ratio": 1.0e5,
          "//": "a remark",
          "permissions": {"allow": ["a","b"], "deny": []},
          "hooks": {
              "Stop": [ {"hooks": [{"type": "command", "command": "say done"}]} ],
              "Other": []
          },
          "z": null, "a": "\\u00fc"
      }

      """

    private func install(
      _ sandbox: Sandbox, _ arguments: [String], _ environment: [String: String] = [:], folder: String? = nil
    ) async throws -> Outcome {
      try await sandbox.install(arguments, environment, folder: folder)
    }

    private func backups(_ sandbox: Sandbox) -> [String] { sandbox.backups }

    @Test func aServerAndHooksComeAndGo() async throws {
      let sandbox = try Sandbox()
      try sandbox.write(Self.settings, to: ".claude/settings.json")
      let outcome = try await install(sandbox, ["install", "claude-code", "--hooks", "--identity", "reviewer"])
      #expect(outcome.status == 0, "\(outcome)")
      let servers = try JSON(decoding: try #require(sandbox.read(".claude.json")))
      #expect(
        servers == [
          "mcpServers": ["cowork-bridge": ["type": "stdio", "command": .string(Program.path), "args": ["reviewer"]]]
        ])
      let text = try #require(sandbox.read(".claude/settings.json"))
      let lines = Set(text.split(separator: "\n"))
      for line in Self.settings.split(separator: "\n") where !line.contains("say done") && !line.contains("Other") {
        #expect(lines.contains(line), "\(line)")
      }
      let settings = try JSON(decoding: text)
      #expect(settings.objectValue?.keys == ["model", "ratio", "//", "permissions", "hooks", "z", "a"])
      #expect(settings["hooks"]?.objectValue?.keys == ["Stop", "Other", "SessionStart", "UserPromptSubmit", "PostToolUse"])
      let stop = try #require(settings["hooks"]?["Stop"]?.arrayValue)
      #expect(stop.count == 2)
      #expect(stop[0]["hooks"]?.arrayValue?.first?["command"] == "say done")
      let ours = try #require(stop[1]["hooks"]?.arrayValue)
      #expect(ours.map { $0["command"] } == [.string(Program.path), .string(Program.path)])
      #expect(ours.map { $0["args"] } == [["hook", "Stop", "--as", "reviewer"], ["hook", "rewake", "--as", "reviewer"]])
      #expect(ours.map { $0["asyncRewake"] } == [nil, true])
      #expect(settings["hooks"]?["PostToolUse"]?.arrayValue?.first?["matcher"] == "*")
      #expect(backups(sandbox).compactMap(sandbox.read) == [Self.settings])

      let again = try await install(sandbox, ["install", "claude-code", "--hooks", "--identity", "reviewer"])
      #expect(again.status == 0)
      #expect(again.output.split(separator: "\n").allSatisfy { $0.hasSuffix("nothing to change.") })
      #expect(sandbox.read(".claude/settings.json") == text)
      #expect(backups(sandbox).count == 1)

      // For another agent our entries are replaced, not duplicated.
      _ = try await install(sandbox, ["install", "claude-code", "--hooks", "--identity", "tester"])
      let replaced = try #require(sandbox.read(".claude/settings.json"))
      #expect(replaced.components(separatedBy: "\"hook\", \"Stop\", \"--as\", \"tester\"").count == 2)
      #expect(!replaced.contains("reviewer"))

      let gone = try await install(sandbox, ["uninstall", "claude-code"])
      #expect(gone.status == 0)
      #expect(sandbox.read(".claude.json") == nil)
      #expect(sandbox.read(".claude/settings.json") == Self.settings)
      let goneAgain = try await install(sandbox, ["uninstall", "claude-code"])
      #expect(goneAgain.output.split(separator: "\n").allSatisfy { $0.hasSuffix("nothing to change.") })
    }

    /// The installed hooks work when they are started as Claude Code does.
    @Test func theInstalledHooksRun() async throws {
      let sandbox = try Sandbox()
      _ = try await install(sandbox, ["install", "claude-code", "--hooks", "--database-url", "my store.db"], folder: sandbox.home)
      let settings = try JSON(decoding: try #require(sandbox.read(".claude/settings.json")))
      let hook = try #require(settings["hooks"]?["Stop"]?.arrayValue?.first?["hooks"]?.arrayValue?.first)
      let command = try #require(hook["command"]?.stringValue)
      let arguments = try #require(hook["args"]?.arrayValue).compactMap(\.stringValue)
      let store = sandbox.home + "/my store.db"
      let sent = try await sandbox.run(["send", "code", "hello", "--as", "cowork", "--json", "--database-url", store])
      let id = try #require(try sent.json["message_id"]?.stringValue)
      let outcome = try await sandbox.run(arguments, command: command, input: "{\"session_id\":\"s\"}")
      #expect(outcome.status == 0 && outcome.errors == "", "\(outcome) \(arguments)")
      // A hook is silent where the machine is slow; its options lead to the message in any case.
      let read = try await sandbox.run(["read", "--peek", "--json"] + arguments.dropFirst(2), command: command)
      #expect(read.output.contains(id), "\(read) \(arguments)")
    }

    @Test func aProjectHasItsOwnFiles() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{}", to: "project/.mcp.json")
      let folder = sandbox.home + "/project"
      let outcome = try await install(sandbox, ["install", "claude-code", "--scope", "project", "--hooks"], folder: folder)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(sandbox.read("project/.mcp.json")?.contains("cowork-bridge") == true)
      #expect(sandbox.read("project/.claude/settings.json")?.contains(" hook Stop ") == true)
      #expect(sandbox.read(".claude.json") == nil)
    }

    static var desktop: String {
      #if os(macOS)
        "Library/Application Support/Claude/claude_desktop_config.json"
      #else
        ".config/Claude/claude_desktop_config.json"
      #endif
    }

    @Test(arguments: [
      nil, "", " \n", "{}", "{\"b\":1,\"a\":2}",
      "{\n\t\"mcpServers\": {\n\t\t\"x\": {\"command\": \"y\", \"args\": []}\n\t},\n\t\"q\": 0.10\n}",
      "{\r\n  \"a\": 1\r\n}\r\n",
    ])
    func claudeDesktopIsInstalledIntoAnyFile(before: String?) async throws {
      let sandbox = try Sandbox()
      if let before { try sandbox.write(before, to: Self.desktop) }
      let outcome = try await install(sandbox, ["install", "claude-desktop", "--workspace", "shop"])
      #expect(outcome.status == 0, "\(outcome)")
      let text = try #require(sandbox.read(Self.desktop))
      let json = try JSON(decoding: text)
      #expect(
        json["mcpServers"]?["cowork-bridge"] == ["command": .string(Program.path), "args": ["cowork", "--workspace", "shop"]])
      let old = try before.flatMap { $0.contains("{") ? try JSON(decoding: $0) : nil }?.objectValue ?? [:]
      for key in old.keys where key != "mcpServers" { #expect(json[key] == old[key]) }
      #expect(Array(json.objectValue?.keys.prefix(old.count) ?? []) == old.keys)
      if before?.contains("\r\n") == true { #expect(!text.replacingOccurrences(of: "\r\n", with: "").contains("\n")) }
      if before?.contains("\t") == true {
        #expect(
          text.contains("\n\t\t\"cowork-bridge\": {\n\t\t\t\"command\"") && text.contains("\"x\": {\"command\": \"y\", \"args\": []}"))
      }
      #expect(backups(sandbox).compactMap(sandbox.read) == [before].compactMap(\.self))
      _ = try await install(sandbox, ["uninstall", "claude-desktop"])
      #expect(sandbox.read(Self.desktop) == before)
    }

    @Test(arguments: [
      "{", "{\"a\": 1,}", "// remark\n{}", "[1]", "{\"mcpServers\": []}", "{\"a\": 1} x", "{\"hooks\": 1, \"mcpServers\": 2}",
    ])
    func whatIsBrokenIsRefusedAndUntouched(text: String) async throws {
      let sandbox = try Sandbox()
      try sandbox.write(text, to: Self.desktop)
      let outcome = try await install(sandbox, ["install", "claude-desktop"])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("orrect"))
      #expect(outcome.errors.split(separator: "\n").count == 1)
      #expect(sandbox.read(Self.desktop) == text)
      #expect(backups(sandbox) == [])
    }

    /// If one of two files is broken, neither is written.
    @Test func brokenSettingsKeepTheServerOutToo() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{\"hooks\": {\"Stop\": 5}}", to: ".claude/settings.json")
      let outcome = try await install(sandbox, ["install", "claude-code", "--hooks"])
      #expect(outcome.status == 1)
      #expect(sandbox.files == [".claude", ".claude/settings.json"])
    }

    @Test func aDryRunShowsTheDifferenceAndChangesNothing() async throws {
      let sandbox = try Sandbox()
      try sandbox.write(Self.settings, to: ".claude/settings.json")
      let outcome = try await install(sandbox, ["install", "claude-code", "--hooks", "--dry-run"])
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("--- /dev/null\n+++ \(sandbox.home)/.claude.json\n@@ line 1 @@\n+{\n"))
      #expect(outcome.output.contains("+    \"cowork-bridge\": {\n"))
      #expect(!outcome.output.contains("deny") && !outcome.output.contains("say done"))
      #expect(sandbox.files == [".claude", ".claude/settings.json"])
      #expect(sandbox.read(".claude/settings.json") == Self.settings)
    }

    @Test func rightsAndLinksStay() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{}", to: "dotfiles/desktop.json")
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: sandbox.home + "/dotfiles/desktop.json")
      let link = URL(fileURLWithPath: sandbox.home + "/" + Self.desktop)
      try FileManager.default.createDirectory(at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: sandbox.home + "/dotfiles/desktop.json")
      _ = try await install(sandbox, ["install", "claude-desktop"])
      let attributes = try FileManager.default.attributesOfItem(atPath: sandbox.home + "/dotfiles/desktop.json")
      #expect(attributes[.posixPermissions] as? Int == 0o640)
      #expect(sandbox.read("dotfiles/desktop.json")?.contains("cowork-bridge") == true)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == sandbox.home + "/dotfiles/desktop.json")
    }

    // MARK: Passwords

    @Test(arguments: [
      "postgres://u:secret@h/db", "postgresql://h/db?user=u&password=secret", "postgres://u:sec/ret@h/db", "POSTGRES://u:secret@h1,h2/db",
      "postgres://h/db?pass%77ord=secret",
    ])
    func aPasswordIsNotWrittenWithoutSayingSo(url: String) async throws {
      let sandbox = try Sandbox()
      for client in ["claude-code", "claude-desktop"] {
        let outcome = try await install(sandbox, ["install", client, "--database-url", url])
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("~/.pgpass") && outcome.errors.contains("service"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("secret") && !outcome.errors.contains("sec/ret"))
      }
      #expect(sandbox.files == [])
    }

    @Test func aPasswordIsWrittenWhereThatIsWishedAndNotShownToOtherProcesses() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude()
      let url = "postgres://u:s3cret@h/db"
      let outcome = try await install(sandbox, ["install", "claude-code", "--database-url", url, "--write-password"], environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("configuration holds a secret in COWORK_DATABASE_URL"))
      #expect(!outcome.output.contains("s3cret"))
      #expect(sandbox.read("calls") == nil)
      let entry = try JSON(decoding: try #require(sandbox.read(".claude.json")))["mcpServers"]?["cowork-bridge"]
      #expect(entry?["args"] == ["code"])
      #expect(entry?["env"] == ["COWORK_DATABASE_URL": .string(url)])
      let rights = try FileManager.default.attributesOfItem(atPath: sandbox.home + "/.claude.json")[.posixPermissions] as? Int
      #expect(rights == 0o600)
    }

    /// Hooks get the store as an argument, which everybody sees; a shared file is for everybody, too.
    @Test(arguments: [["--hooks"], ["--scope", "project"]]) func aPasswordGoesNeitherToHooksNorToOthers(options: [String]) async throws {
      let sandbox = try Sandbox()
      let url = "postgres://u:secret@h/db"
      let outcome = try await install(sandbox, ["install", "claude-code", "--write-password", "--database-url", url] + options)
      #expect(outcome.status == 64)
      #expect(!(outcome.output + outcome.errors).contains("secret"))
      #expect(sandbox.files == [])
    }

    @Test(arguments: ["postgres://h:5432/db", "postgres://u@h:5432/db", "postgres://u@[::1]:5432/db", "postgres://h1:1,h2:2/db"])
    func aPortIsNoPassword(url: String) async throws {
      let sandbox = try Sandbox()
      let outcome = try await install(sandbox, ["install", "claude-desktop", "--database-url", url])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(sandbox.read(Self.desktop)?.contains(url) == true)
    }
  }
}
