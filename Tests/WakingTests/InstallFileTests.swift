import Foundation
import JSON
import ProcessTesting
import Testing

extension RealProcesses {
  /// Configuration files of every kind: the result is right, or nothing is changed and a sentence says why.
  @Suite struct InstallFileTests {
    static let desktop = InstallTests.desktop

    @Test(arguments: ["dotfiles/a.json", "/dotfiles/a.json"], [nil, "{}"]) func aLinkStaysAndItsTargetIsWritten(
      target: String, before: String?
    ) async throws {
      let sandbox = try Sandbox()
      let up = Self.desktop.split(separator: "/").dropLast().map { _ in "../" }.joined()
      // A link to a link, of which the first may be relative.
      try sandbox.link(Self.desktop, to: target.hasPrefix("/") ? sandbox.home + "/between" : up + "between")
      try sandbox.link("between", to: target.hasPrefix("/") ? sandbox.home + target : target)
      if let before { try sandbox.write(before, to: "dotfiles/a.json") }
      if before != nil { try sandbox.setRights("dotfiles/a.json", 0o640) }
      let outcome = try await sandbox.install(["install", "claude-desktop"])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(try sandbox.json("dotfiles/a.json")["mcpServers"]?["cowork-bridge"] != nil)
      #expect(try sandbox.rights("dotfiles/a.json") == (before == nil ? 0o600 : 0o640))
      let links = sandbox.files.filter { (try? FileManager.default.destinationOfSymbolicLink(atPath: sandbox.home + "/" + $0)) != nil }
      #expect(Set(links) == ["between", Self.desktop])
    }

    @Test func linksInACircleAreNamed() async throws {
      let sandbox = try Sandbox()
      try sandbox.link("a", to: "b")
      try sandbox.link("b", to: "a")
      try sandbox.link(Self.desktop, to: sandbox.home + "/a")
      try await refuses(sandbox, "cannot be read")
    }

    @Test func whatIsNoFileIsNamed() async throws {
      let sandbox = try Sandbox()
      try sandbox.link(Self.desktop, to: "/dev/null")
      try await refuses(sandbox, "is a device")
      try sandbox.write("", to: ".codex/config.toml/x")
      try await refuses(sandbox, "is a folder", client: "codex")
    }

    private func refuses(_ sandbox: Sandbox, _ reason: String, client: String = "claude-desktop") async throws {
      let files = sandbox.files
      let outcome = try await sandbox.install(["install", client])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(reason) && outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
      #expect(sandbox.files == files)
    }

    @Test(
      arguments: [
        "\u{FEFF}{\r\n  \"a\": 1\r\n}\r\n", "\u{FEFF}{}", "\u{FEFF}", #"{"a":1,"mcpServers":{"x":{"command":"y","env":{"KEY":"s3cret"}}}}"#,
        "{\"mcpServers\": {}}", "{\n  \"mcpServers\": {\n    \"x\": {\"command\": \"y\", \"env\": {\"KEY\": \"s3cret\"}}\n  }\n}\n",
        #"{"a": "\ud83d", "b": "\u0000", "c": 1e999, "d": 12345678901234567890}"#, "[]\n", "{\"mcpServers\": \"x\"}",
        "{\"mcpServers\": null}",
        #"{"mcpServers": {"cowork-bridge": []}}"#, #"{"mcpServers": {"cowork-bridge": {"url": "https://x"}}}"#,
        #"{"mcpServers": {}, "mcpServers": {}}"#,
      ])
    func aFileIsEditedAndComesBackOrIsRefused(before: String) async throws {
      let sandbox = try Sandbox()
      try sandbox.write(before, to: Self.desktop)
      let outcome = try await sandbox.install(["install", "claude-desktop"])
      #expect(!outcome.output.contains("s3cret"))
      guard outcome.status == 0 else {
        // Either the file is to be corrected, or another name to be chosen.
        #expect(outcome.errors.contains("orrect it") != outcome.errors.contains("choose another --name"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(bytes(sandbox) == Array(before.utf8))
        return #expect(sandbox.backups == [])
      }
      let after = bytes(sandbox)
      #expect(after.starts(with: [0xEF, 0xBB, 0xBF]) == Array(before.utf8).starts(with: [0xEF, 0xBB, 0xBF]))
      let text = String(decoding: after.drop { $0 >= 0xBB }, as: UTF8.self)
      #expect(try JSON(decoding: text)["mcpServers"]?["cowork-bridge"]?["args"] == ["cowork"])
      #expect(before.contains("\r\n") == text.contains("\r\n"))
      if before.contains("\r\n") { #expect(!text.replacing("\r\n", with: "").contains("\n")) }
      if before.contains(#""a":1"#) { #expect(!text.contains("\n") && !text.contains(" ")) }
      let gone = try await sandbox.install(["uninstall", "claude-desktop"])
      #expect(gone.status == 0 && !gone.output.contains("s3cret"))
      #expect(bytes(sandbox) == Array(before.utf8), "\(String(decoding: bytes(sandbox), as: UTF8.self))")
    }

    private func bytes(_ sandbox: Sandbox) -> [UInt8] {
      (try? Data(contentsOf: URL(fileURLWithPath: sandbox.home + "/" + Self.desktop))).map(Array.init) ?? []
    }

    /// The name of our entry may belong to somebody's own way to start it.
    @Test func theArgumentsOfAnotherProgramAreNotShown() async throws {
      let sandbox = try Sandbox()
      let other = #"{"command": "sh", "args": ["--token", "s3cret"], "env": {"KEY": "s3cret"}}"#
      try sandbox.write(#"{"mcpServers": {"cowork-bridge": \#(other)}}"#, to: Self.desktop)
      for command in ["install", "uninstall"] {
        let outcome = try await sandbox.install([command, "claude-desktop"])
        #expect(outcome.status == 0 && outcome.output.contains("\"args\"") && !outcome.output.contains("s3cret"), "\(outcome)")
      }
    }

    /// As of a client that keeps its history there.
    @Test func fiftyMegabytesAreEdited() async throws {
      let sandbox = try Sandbox()
      let history = String(repeating: "\"" + String(repeating: "x", count: 1_000) + "\\n\",\n    ", count: 50_000)
      let before = "{\n  \"history\": [\n    \(history)\"\"\n  ],\n  \"mcpServers\": {}\n}\n"
      try sandbox.write(before, to: ".claude.json")
      let outcome = try await sandbox.install(["install", "claude-code"])
      #expect(outcome.status == 0 && outcome.output.utf8.count < 2_000)
      let gone = try await sandbox.install(["uninstall", "claude-code"])
      #expect(gone.status == 0)
      #expect(sandbox.read(".claude.json") == before)
    }

    @Test func installationsAtOnceAllCount() async throws {
      let sandbox = try Sandbox()
      let names = (0..<12).map { "server\($0)" }
      try await withThrowingTaskGroup(of: Outcome.self) { group in
        for name in names { group.addTask { try await sandbox.install(["install", "cursor", "--name", name]) } }
        for try await outcome in group { #expect(outcome.status == 0, "\(outcome)") }
      }
      #expect(try Set(sandbox.json(".cursor/mcp.json")["mcpServers"]?.objectValue?.keys ?? []) == Set(names))
      // All but the first have a copy of what was there before, and nothing else is left.
      #expect(sandbox.backups.count == names.count - 1 && sandbox.files.count == names.count + 1)
    }

    /// It would make folders that nobody but root can use.
    @Test(arguments: ["0177", "0777"]) func aUmaskKeepsNothingFromTheOwner(mask: String) async throws {
      let sandbox = try Sandbox()
      let isRoot = geteuid() == 0
      if isRoot { try await Shell.run(["chown", "65534", sandbox.home]) }
      let user = isRoot ? "setpriv --reuid=65534 " : ""
      for line in ["install zed", "send cowork x"] {
        let outcome = try await sandbox.shell("umask \(mask); exec \(user)\"$0\" \(line)")
        #expect(outcome.status == 0, "\(outcome)")
      }
      for folder in [".config", ".config/zed", ".cowork-code-mcp"] { #expect(try sandbox.rights(folder) == 0o700) }
      for file in [".config/zed/settings.json", ".cowork-code-mcp/messages.db"] { #expect(try sandbox.rights(file) == 0o600) }
    }

    @Test func aReadOnlyFileIsRefused() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{}", to: Self.desktop)
      try sandbox.setRights(Self.desktop, 0o444)
      try await refuses(sandbox, "is read-only, and nothing was changed: chmod u+w")
    }

    /// Of two files of which one cannot be written, the other one stays as well.
    @Test(arguments: [".claude", ".claude/settings.json"]) func whereOneFileCannotBeWrittenNoneIs(path: String) async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{}", to: ".claude/settings.json")
      try sandbox.write("{}", to: ".claude.json")
      try sandbox.setRights(path, path == ".claude" ? 0o555 : 0o444)
      let isRoot = geteuid() == 0
      if isRoot { try await Shell.run(["chown", "-R", "65534", sandbox.home]) }
      let line = "exec setpriv --reuid=65534 \"$0\" install claude-code --hooks"
      let outcome = try await sandbox.run(
        ["-c", isRoot ? line : "exec \"$0\" install claude-code --hooks", Program.path], command: "/bin/sh",
        environment: ["PATH": "/usr/bin:/bin"])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(path) && outcome.errors.contains("nothing was changed"), "\(outcome)")
      #expect(sandbox.files == [".claude", ".claude.json", ".claude/settings.json"])
      #expect(sandbox.read(".claude.json") == "{}")
      try sandbox.setRights(path, 0o755)
    }

    /// Root edits the file of another user.
    @Test(.enabled(if: geteuid() == 0)) func theOwnerStays() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{}", to: Self.desktop)
      try sandbox.setRights(Self.desktop, 0o604)
      try await Shell.run(["chown", "65534:33", sandbox.home + "/" + Self.desktop])
      _ = try await sandbox.install(["install", "claude-desktop"])
      for file in [Self.desktop] + sandbox.backups {
        let attributes = try FileManager.default.attributesOfItem(atPath: sandbox.home + "/" + file)
        #expect(attributes[.ownerAccountID] as? Int == 65_534 && attributes[.groupOwnerAccountID] as? Int == 33)
        #expect(attributes[.posixPermissions] as? Int == 0o604)
      }
    }

    /// Paths with blanks and quotation marks, of the program and of the files.
    @Test func aPathMayHoldAnything() async throws {
      let sandbox = try Sandbox()
      let program = sandbox.home + #"/it's "my" $tool"#
      try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: Program.path)
      let environment = [
        "CLAUDE_CONFIG_DIR": sandbox.home + #"/a 'b' "c""#, "CODEX_HOME": sandbox.home + "/x 'y'", "PATH": "/usr/bin:/bin",
      ]
      for client in ["claude-code", "codex"] {
        let options = client == "codex" ? [] : ["--hooks"]
        let outcome = try await sandbox.run(["install", client] + options, command: program, environment: environment)
        #expect(outcome.status == 0, "\(outcome)")
      }
      #expect(try sandbox.json(#"a 'b' "c"/.claude.json"#)["mcpServers"]?["cowork-bridge"]?["command"] == .string(program))
      let hooks = try sandbox.json(#"a 'b' "c"/settings.json"#)["hooks"]
      #expect(hooks?["Stop"]?.arrayValue?.first?["hooks"]?.arrayValue?.first?["command"] == .string(program))
      #expect(sandbox.read("x 'y'/config.toml")?.contains(#"it's \"my\" $tool""#) == true)
      for client in ["claude-code", "codex"] {
        _ = try await sandbox.run(["uninstall", client], command: program, environment: environment)
      }
      #expect(sandbox.files.allSatisfy { !$0.hasSuffix(".json") && !$0.hasSuffix(".toml") }, "\(sandbox.files)")
    }
  }
}
