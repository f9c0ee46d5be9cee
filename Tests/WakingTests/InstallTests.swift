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

    private func install(_ sandbox: Sandbox, _ arguments: [String], _ environment: [String: String] = [:], folder: String? = nil)
      async throws
      -> Outcome
    {
      // Only what is needed, so that no installed `claude` is found.
      try await sandbox.run(arguments, environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }, folder: folder)
    }

    private func backups(_ sandbox: Sandbox) -> [String] { sandbox.files.filter { $0.contains(".backup-") } }

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
      #expect(ours.map { $0["command"]?.stringValue } == ["Stop", "rewake"].map { "\(Program.path) hook \($0) --as reviewer" })
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
      #expect(replaced.components(separatedBy: "hook Stop --as tester").count == 2)
      #expect(!replaced.contains("--as reviewer"))

      let gone = try await install(sandbox, ["uninstall", "claude-code"])
      #expect(gone.status == 0)
      #expect(try JSON(decoding: try #require(sandbox.read(".claude.json"))) == ["mcpServers": [:]])
      #expect(sandbox.read(".claude/settings.json") == Self.settings)
      let goneAgain = try await install(sandbox, ["uninstall", "claude-code"])
      #expect(goneAgain.output.split(separator: "\n").allSatisfy { $0.hasSuffix("nothing to change.") })
    }

    /// The installed hooks work when a shell runs them, as Claude Code does.
    @Test func theInstalledHooksRun() async throws {
      let sandbox = try Sandbox()
      _ = try await install(sandbox, ["install", "claude-code", "--hooks", "--database-url", "my store.db"], folder: sandbox.home)
      let settings = try JSON(decoding: try #require(sandbox.read(".claude/settings.json")))
      let command = try #require(settings["hooks"]?["Stop"]?.arrayValue?.first?["hooks"]?.arrayValue?.first?["command"]?.stringValue)
      let store = sandbox.home + "/my store.db"
      let sent = try await sandbox.run(["send", "code", "hello", "--as", "cowork", "--json", "--database-url", store])
      let id = try #require(try sent.json["message_id"]?.stringValue)
      let outcome = try await sandbox.run(["-c", command], command: "/bin/sh", input: "{\"session_id\":\"s\"}")
      #expect(try outcome.json["reason"]?.stringValue?.contains(id) == true, "\(outcome) \(command)")
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
      let after = try JSON(decoding: try #require(sandbox.read(Self.desktop)))
      #expect(after["mcpServers"]?["cowork-bridge"] == nil)
      #expect(after["mcpServers"]?["x"] == old["mcpServers"]?["x"])
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
      #expect(outcome.output.contains("--- /dev/null\n+++ \(sandbox.home)/.claude.json\n@@ -0,0 +1,9 @@\n+{\n"))
      #expect(outcome.output.contains("+    \"cowork-bridge\": {\n"))
      #expect(outcome.output.contains("     \"permissions\": {\"allow\": [\"a\",\"b\"], \"deny\": []},\n"))
      #expect(sandbox.files == [".claude", ".claude/settings.json"])
      #expect(sandbox.read(".claude/settings.json") == Self.settings)
    }

    @Test func theDifferenceCanBeApplied() async throws {
      let sandbox = try Sandbox()
      try sandbox.write(Self.settings, to: ".claude/settings.json")
      try sandbox.write("{}\n", to: ".claude.json")
      let shown = try await install(sandbox, ["install", "claude-code", "--hooks", "--dry-run"]).output
      let patched = try await sandbox.run(["-p0", "-d", "/"], command: "patch", input: shown)
      #expect(patched.status == 0, "\(patched)")
      let again = try await install(sandbox, ["install", "claude-code", "--hooks"])
      #expect(again.output.split(separator: "\n").allSatisfy { $0.hasSuffix("nothing to change.") }, "\(again)")
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

    // MARK: Claude Code's own command

    /// A `claude` that records its arguments, and fails on request.
    private func fakeClaude(_ sandbox: Sandbox, fails: Bool = false) throws -> [String: String] {
      try sandbox.write(
        "#!/bin/sh\nfor word in \"$@\"; do printf '<%s>' \"$word\"; done >> \"$HOME/calls\"\necho >> \"$HOME/calls\"\n"
          + (fails ? "echo no such thing >&2\nexit 1\n" : ""), to: "bin/claude")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sandbox.home + "/bin/claude")
      return ["PATH": "\(sandbox.home)/bin:/usr/bin:/bin"]
    }

    @Test func claudesOwnCommandIsUsedWhereItExists() async throws {
      let sandbox = try Sandbox()
      let environment = try fakeClaude(sandbox)
      let arguments = ["install", "claude-code", "--database-url", "postgresql://?service=bridge"]
      // libpq looks up the service at once.
      try sandbox.write("[bridge]\nhost=db\n", to: ".pg_service.conf")
      let dry = try await install(sandbox, arguments + ["--dry-run"], environment)
      #expect(dry.output.contains("Would run: claude mcp add"), "\(dry)")
      #expect(sandbox.read("calls") == nil)
      let outcome = try await install(sandbox, arguments, environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(
        sandbox.read("calls")
          == "<mcp><add><--transport><stdio><--scope><user><cowork-bridge><--><\(Program.path)><code><--database-url><postgresql://?service=bridge>\n"
      )
      #expect(sandbox.read(".claude.json") == nil)
    }

    @Test func anEntryThatDiffersIsReplaced() async throws {
      let sandbox = try Sandbox()
      let environment = try fakeClaude(sandbox)
      try sandbox.write("{\"mcpServers\": {\"cowork-bridge\": {\"command\": \"old\"}}}", to: ".claude.json")
      _ = try await install(sandbox, ["install", "claude-code"], environment)
      #expect(
        sandbox.read("calls")
          == "<mcp><remove><--scope><user><cowork-bridge>\n<mcp><add><--transport><stdio><--scope><user><cowork-bridge><--><\(Program.path)><code>\n"
      )
      #expect(backups(sandbox).count == 1)
    }

    @Test func anEntryThatIsTheSameIsLeftAlone() async throws {
      let sandbox = try Sandbox()
      let environment = try fakeClaude(sandbox)
      let text = "{\"mcpServers\": {\"cowork-bridge\": {\"command\": \"\(Program.path)\", \"args\": [\"code\"], \"env\": {\"A\": \"b\"}}}}"
      try sandbox.write(text, to: ".claude.json")
      _ = try await install(sandbox, ["install", "claude-code"], environment)
      #expect(sandbox.read("calls") == nil)
      #expect(sandbox.read(".claude.json") == text)
    }

    @Test func whereClaudesCommandFailsTheFileIsChanged() async throws {
      let sandbox = try Sandbox()
      let outcome = try await install(sandbox, ["install", "claude-code"], try fakeClaude(sandbox, fails: true))
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("failed (no such thing)"))
      #expect(sandbox.read(".claude.json")?.contains("cowork-bridge") == true)
    }

    @Test func uninstallUsesItToo() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{\"mcpServers\": {\"cowork-bridge\": {\"command\": \"x\"}}}", to: ".claude.json")
      _ = try await install(sandbox, ["uninstall", "claude-code"], try fakeClaude(sandbox))
      #expect(sandbox.read("calls") == "<mcp><remove><--scope><user><cowork-bridge>\n")
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
      let environment = try fakeClaude(sandbox)
      let outcome = try await install(
        sandbox, ["install", "claude-code", "--database-url", "postgres://u:secret@h/db", "--write-password"], environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("configuration holds the password of the URL"))
      #expect(sandbox.read("calls") == nil)
      #expect(sandbox.read(".claude.json")?.contains("secret") == true)
      let rights = try FileManager.default.attributesOfItem(atPath: sandbox.home + "/.claude.json")[.posixPermissions] as? Int
      #expect(rights == 0o600)
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
