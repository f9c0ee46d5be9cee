import Foundation
import JSON
import ProcessTesting
import Testing

extension RealProcesses {
  /// Every client: its file, the form of its entry, and that nothing is left of it.
  @Suite struct InstallClientTests {
    struct Case: Sendable, CustomTestStringConvertible {
      let client: String
      var scope = "user"
      let path: String
      /// What is in the file before.
      var before = "{\n  // a remark\n  \"theme\": \"dark\", // another\n}\n"
      /// Where the entry is.
      var list = ["mcpServers"]
      var entry: JSON?

      var testDescription: String { "\(client) \(scope) \(path)" }
      var command: JSON { .string(scope == "user" ? Program.path : "cowork-code-mcp-server") }
    }

    #if os(macOS)
      static let data = "Library/Application Support"
    #else
      static let data = ".config"
    #endif

    static let cases = [
      Case(client: "gemini", path: ".gemini/settings.json"), Case(client: "gemini", scope: "project", path: ".gemini/settings.json"),
      Case(client: "cursor", path: ".cursor/mcp.json"), Case(client: "cursor", scope: "project", path: ".cursor/mcp.json"),
      Case(client: "vscode", path: data + "/Code/User/mcp.json", list: ["servers"]),
      Case(client: "vscode", scope: "project", path: ".vscode/mcp.json", list: ["servers"]),
      Case(client: "opencode", path: ".config/opencode/opencode.json", list: ["mcp"]),
      Case(client: "opencode", path: ".config/opencode/opencode.jsonc", list: ["mcp"]),
      Case(client: "opencode", scope: "project", path: "opencode.jsonc", list: ["mcp"]),
      Case(
        client: "opencode", path: ".config/opencode/opencode.json",
        before: "{\"mcp\": {\"servers\": {\"x\": {\"type\": \"local\", \"command\": [\"y\"]}}}}", list: ["mcp", "servers"]),
      Case(client: "windsurf", path: ".config/devin/mcp_config.json"), Case(client: "windsurf", path: ".codeium/windsurf/mcp_config.json"),
      Case(client: "windsurf", scope: "project", path: ".devin/mcp_config.json"),
      Case(client: "zed", path: ".config/zed/settings.json", list: ["context_servers"]),
      Case(client: "zed", scope: "project", path: ".zed/settings.json", list: ["context_servers"]),
      Case(client: "qwen", path: ".qwen/settings.json"), Case(client: "qwen", scope: "project", path: ".qwen/settings.json"),
      Case(client: "codex", path: ".codex/config.toml", before: "# a remark\nmodel = \"x\" # another\n"),
      Case(client: "codex", scope: "project", path: ".codex/config.toml", before: "# a remark\nmodel = \"x\" # another\n"),
    ]

    @Test(arguments: cases) func itsFileGetsAnEntryAndLosesItAgain(_ test: Case) async throws {
      let sandbox = try Sandbox()
      try sandbox.write(test.before, to: test.path)
      let options = ["--scope", test.scope, "--identity", "tester", "--env", "A=b=c", "--env", "B=", "--json"]
      let outcome = try await sandbox.install(["install", test.client] + options)
      #expect(outcome.status == 0, "\(outcome)")
      let report = try outcome.json
      #expect(report["client"] == .string(test.client) && report["changed"] == true && report["dry_run"] == false)
      #expect(report["next_step"]?.stringValue?.isEmpty == false)
      let paths = report["files"]?.arrayValue?.compactMap { $0["path"]?.stringValue }
      #expect(paths?.map { ($0 as NSString).lastPathComponent } == [(test.path as NSString).lastPathComponent])
      let text = try #require(sandbox.read(test.path))
      for line in test.before.split(separator: "\n") where line.contains("remark") || line.contains("another") {
        #expect(text.contains(line), "\(text)")
      }
      try await check(test, sandbox)
      // The second time nothing is left to do.
      #expect(try await sandbox.install(["install", test.client] + options).json["changed"] == false)
      let gone = try await sandbox.install(["uninstall", test.client, "--scope", test.scope])
      #expect(gone.status == 0, "\(gone)")
      #expect(sandbox.read(test.path) == test.before)
    }

    /// Python and the real parser of TOML judge what was written.
    private func check(_ test: Case, _ sandbox: Sandbox) async throws {
      let text = try #require(sandbox.read(test.path))
      var entry: JSON?
      if test.client == "codex" {
        let line = "import json, sys, tomllib; print(json.dumps(tomllib.loads(sys.argv[1])))"
        let parsed = try await sandbox.run(["-c", line, text], command: "python3").json
        #expect(parsed["model"] == "x")
        entry = parsed["mcp_servers"]?["cowork-bridge"]
      } else {
        let plain = text.split(separator: "\n").map { $0.split(separator: " //").first.map(String.init) ?? "" }
        let lines = plain.filter { !$0.contains("// ") }.joined(separator: "\n")
        let json = try JSON(decoding: lines.replacing(/,(\s*})/) { $0.1 })
        entry = test.list.reduce(json) { $0[$1] ?? .null }["cowork-bridge"]
      }
      let variables: JSON = ["A": "b=c", "B": ""]
      let expected: JSON =
        switch test.client {
        case "opencode" where test.list.count == 1:
          ["type": "local", "enabled": true, "command": [test.command, "tester"], "environment": variables]
        case "opencode": ["type": "local", "command": [test.command, "tester"], "environment": variables]
        case "vscode": ["type": "stdio", "command": test.command, "args": ["tester"], "env": variables]
        default: ["command": test.command, "args": ["tester"], "env": variables]
        }
      #expect(entry == expected)
    }

    @Test(arguments: ["codex", "gemini", "cursor", "vscode", "opencode", "windsurf", "zed", "qwen", "claude-code", "claude-desktop"])
    func aNewFileIsForItsUserOnlyAndNothingIsLeft(client: String) async throws {
      let sandbox = try Sandbox()
      #expect(try await sandbox.install(["install", client]).status == 0)
      let files = sandbox.files.filter { $0.hasSuffix(".json") || $0.hasSuffix(".toml") }
      #expect(files.count == 1)
      for file in files { #expect(try sandbox.rights(file) == 0o600) }
      // Its default name, as far as it has one of its own.
      let identity = ["claude-code": "code", "claude-desktop": "cowork"][client] ?? client
      #expect(files.allSatisfy { sandbox.read($0)?.contains("\"\(identity)\"") == true })
      let doctor = try await sandbox.install(["doctor", "--json"]).json
      #expect(doctor["checks"]?.arrayValue?.contains { $0["found"]?.stringValue?.contains("as \(identity) on") == true } == true)
      #expect(try await sandbox.install(["uninstall", client]).status == 0)
      #expect(sandbox.files.allSatisfy { !files.contains($0) })
    }

    @Test func windsurfGetsTheFileOfEachFolderThatIsThere() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("", to: ".config/devin/x")
      try sandbox.write("{}", to: ".codeium/windsurf/mcp_config.json")
      _ = try await sandbox.install(["install", "windsurf"])
      for path in [".config/devin/mcp_config.json", ".codeium/windsurf/mcp_config.json"] {
        #expect(try sandbox.json(path)["mcpServers"]?["cowork-bridge"] != nil)
      }
      _ = try await sandbox.install(["uninstall", "windsurf"])
      #expect(sandbox.read(".config/devin/mcp_config.json") == nil && sandbox.read(".codeium/windsurf/mcp_config.json") == "{}")
    }

    /// Codex keeps the user's environment from its servers.
    @Test func theStoreOfCodexStandsInItsEnvironment() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("[mcp_servers.cowork-bridge]\ncommand = 'x'\nargs = ['--database-url', '/old.db']\n", to: ".codex/config.toml")
      let outcome = try await sandbox.install(["install", "codex", "--database-url", "/new.db"])
      #expect(outcome.status == 0, "\(outcome)")
      let text = try #require(sandbox.read(".codex/config.toml"))
      #expect(text.contains("[mcp_servers.cowork-bridge.env]\nCOWORK_DATABASE_URL = \"/new.db\"") && !text.contains("old.db"), "\(text)")
    }

    /// An argument would win over the variable.
    @Test func aVariableTakesThePlaceOfAnArgument() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.install(["install", "gemini", "--database-url", "/old.db", "--identity", "x"])
      _ = try await sandbox.install(["install", "gemini", "--env", "COWORK_DATABASE_URL=/new.db"])
      let entry = try sandbox.json(".gemini/settings.json")["mcpServers"]?["cowork-bridge"]
      #expect(entry?["args"] == ["x"] && entry?["env"] == ["COWORK_DATABASE_URL": "/new.db"])
      _ = try await sandbox.install(["install", "qwen", "--env", "COWORK_IDENTITY=y"])
      #expect(try sandbox.json(".qwen/settings.json")["mcpServers"]?["cowork-bridge"]?["args"] == [])
    }

    @Test(arguments: [
      ["install", "gemini", "--hooks"], ["install", "codex", "--allow"], ["install", "claude-desktop", "--scope", "project"],
      ["install", "codex", "--env", "A"], ["install", "codex", "--env", "1=x"], ["install", "codex", "--name", "a b"],
      ["uninstall", "codex", "--name", ""],
      ["install", "cursor", "--scope", "project", "--database-url", "/x.db"],
    ]) func whatCannotBeIsRefused(arguments: [String]) async throws {
      let sandbox = try Sandbox()
      #expect(try await sandbox.install(arguments).status == 64)
      #expect(sandbox.files == [])
    }
  }
}
