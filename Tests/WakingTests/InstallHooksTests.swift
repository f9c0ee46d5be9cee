import Foundation
import JSON
import ProcessTesting
import Testing

extension RealProcesses {
  /// Hooks and permission of Claude Code, and what `doctor` says of them.
  @Suite struct InstallHooksTests {
    private func hooks(_ sandbox: Sandbox) throws -> [JSON] {
      (try sandbox.json(".claude/settings.json")["hooks"]?.objectValue?.members ?? []).flatMap { event in
        (event.value.arrayValue ?? []).flatMap { $0["hooks"]?.arrayValue ?? [] }
      }
    }

    private func checks(_ sandbox: Sandbox, _ subject: String) async throws -> [(verdict: String, found: String)] {
      let report = try await sandbox.install(["doctor", "--json"]).json
      return (report["checks"]?.arrayValue ?? []).filter { $0["subject"] == .string(subject) }
        .map { ($0["verdict"]?.stringValue ?? "", $0["found"]?.stringValue ?? "") }
    }

    @Test func theyUseTheStoreAndTheIdentityOfTheEntry() async throws {
      let sandbox = try Sandbox()
      let entry: JSON = [
        "mcpServers": [
          "cowork-bridge": [
            "command": .string(Program.path), "args": ["--announce-limit=7"],
            "env": ["COWORK_IDENTITY": "lead", "COWORK_DATABASE_URL": .string(sandbox.home + "/x.db"), "OTHER": "s3cret"],
          ]
        ]
      ]
      try sandbox.write(String(decoding: entry.encoded(), as: UTF8.self), to: ".claude.json")
      let outcome = try await sandbox.install(["install", "claude-code", "--hooks"])
      #expect(outcome.status == 0 && !outcome.output.contains("s3cret"), "\(outcome)")
      #expect(try sandbox.json(".claude.json") == entry)
      let expected: [JSON] = ["--as", "lead", "--database-url", .string(sandbox.home + "/x.db"), "--announce-limit", "7"]
      for hook in try hooks(sandbox) { #expect(hook["args"]?.arrayValue.map { Array($0.dropFirst(2)) } == expected) }
      #expect(try await checks(sandbox, "hooks").map(\.verdict) == ["ok"])
      // They follow the entry.
      _ = try await sandbox.install(["install", "claude-code", "--identity", "tester"])
      #expect(try hooks(sandbox).allSatisfy { $0["args"]?.arrayValue?.contains("tester") == true })
      // Somebody changes the entry alone.
      let text = try #require(sandbox.read(".claude.json")).replacing("tester", with: "other")
      try sandbox.write(text, to: ".claude.json")
      let finding = try await checks(sandbox, "hooks")
      #expect(finding.first?.verdict == "warning" && finding.first?.found.contains("they are tester") == true, "\(finding)")
    }

    enum OtherName: CaseIterable { case link, hardLink, copy }

    @Test(arguments: OtherName.allCases) func twoInstallationsUnderTwoNamesAreOne(kind: OtherName) async throws {
      let sandbox = try Sandbox()
      let other = sandbox.home + "/bridge"
      switch kind {
      case .link: try FileManager.default.createSymbolicLink(atPath: other, withDestinationPath: Program.path)
      case .hardLink:
        // Perhaps another file system, on which a link to the program is none.
        try await sandbox.copyProgram(to: "original")
        try FileManager.default.linkItem(atPath: sandbox.home + "/original", toPath: other)
      case .copy: try await sandbox.copyProgram(to: "bridge")
      }
      let second = kind == .hardLink ? sandbox.home + "/original" : Program.path
      let environment = ["PATH": "/usr/bin:/bin"]
      for program in [other, second, other, second] {
        let outcome = try await sandbox.run(["install", "claude-code", "--hooks"], command: program, environment: environment)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try hooks(sandbox).count == 5)
      }
      if second == Program.path { #expect(try await checks(sandbox, "hooks").map(\.verdict) == ["ok"]) }
      let gone = try await sandbox.run(["uninstall", "claude-code"], command: second, environment: environment)
      #expect(gone.status == 0)
      #expect(sandbox.read(".claude.json") == nil && sandbox.read(".claude/settings.json") == nil)
    }

    /// As versions before wrote them.
    @Test func hooksForAShellAreReplaced() async throws {
      let sandbox = try Sandbox()
      try FileManager.default.createSymbolicLink(atPath: sandbox.home + "/my bridge", withDestinationPath: Program.path)
      try sandbox.write(
        """
        {"hooks": {"Stop": [
          {"hooks": [{"type": "command", "command": "'\(sandbox.home)/my bridge' hook Stop --as a"}]},
          {"hooks": [{"type": "command", "command": "\(Program.path) hook rewake --as a"}, {"type": "command", "command": "say hook Stop"}]}
        ]}}
        """, to: ".claude/settings.json")
      #expect(try await sandbox.install(["install", "claude-code", "--hooks"]).status == 0)
      #expect(try hooks(sandbox).count == 6)
      #expect(try hooks(sandbox).first?["command"] == "say hook Stop")
      _ = try await sandbox.install(["uninstall", "claude-code"])
      #expect(try hooks(sandbox) == [["type": "command", "command": "say hook Stop"]])
    }

    @Test(arguments: ["", "{}", "{\"hooks\": {}, \"permissions\": {\"allow\": []}}", "{\"hooks\": {\"Stop\": []}, \"permissions\": {}}"])
    func whatWasEmptyBeforeStaysAndNothingElse(before: String) async throws {
      let sandbox = try Sandbox()
      try sandbox.write(before, to: ".claude/settings.json")
      _ = try await sandbox.install(["install", "claude-code", "--hooks", "--allow"])
      #expect(try sandbox.json(".claude/settings.json")["permissions"]?["allow"] == ["mcp__cowork-bridge"])
      // And between other installations.
      _ = try await sandbox.install(["install", "claude-code", "--hooks", "--identity", "lead"])
      _ = try await sandbox.install(["uninstall", "claude-code"])
      #expect(sandbox.read(".claude/settings.json") == before)
    }

    @Test func thePermissionIsThatOfTheServer() async throws {
      let sandbox = try Sandbox()
      try sandbox.write("{\"permissions\": {\"allow\": [\"mcp__x\"], \"deny\": []}}", to: ".claude/settings.json")
      _ = try await sandbox.install(["install", "claude-code", "--allow", "--name", "x2"])
      #expect(try sandbox.json(".claude/settings.json") == ["permissions": ["allow": ["mcp__x", "mcp__x2"], "deny": []]])
      _ = try await sandbox.install(["uninstall", "claude-code", "--name", "x2"])
      #expect(sandbox.read(".claude/settings.json") == "{\"permissions\": {\"allow\": [\"mcp__x\"], \"deny\": []}}")
    }

    /// A team shares these files.
    @Test func theHooksOfAProjectAreSilentWhereTheProgramIsMissing() async throws {
      let sandbox = try Sandbox()
      let outcome = try await sandbox.install(["install", "claude-code", "--hooks", "--scope", "project", "--database-url", "~/x.db"])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(try sandbox.json(".mcp.json")["mcpServers"]?["cowork-bridge"]?["command"] == "cowork-code-mcp-server")
      #expect(![".mcp.json", ".claude/settings.json"].contains { sandbox.read($0)?.contains(sandbox.home) != false })
      let command = try #require(try hooks(sandbox).first?["command"]?.stringValue)
      let silent = try await sandbox.run(["-c", command], command: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"])
      #expect(silent.status == 0 && silent.output + silent.errors == "")
      // Where it is there, it takes the place of the shell.
      try await sandbox.writeProgram("#!/bin/sh\necho $PPID \"$@\"\n", to: "bin/cowork-code-mcp-server")
      let line = "import os, subprocess, sys; print(os.getpid(), flush=True); subprocess.run(['/bin/sh', '-c', sys.argv[1]])"
      let run = try await sandbox.run(
        ["-c", line, command], command: "python3", environment: ["PATH": sandbox.home + "/bin:/usr/bin:/bin"])
      let lines = run.output.split(separator: "\n")
      #expect(lines.count == 2 && lines[1] == "\(lines[0]) hook SessionStart --as code --database-url ~/x.db", "\(run)")
      _ = try await sandbox.install(["uninstall", "claude-code", "--scope", "project"])
      #expect(sandbox.files.allSatisfy { !$0.hasSuffix(".json") }, "\(sandbox.files)")
    }

    @Test func doctorNamesOtherStoresAndDoubleHooks() async throws {
      let sandbox = try Sandbox()
      _ = try await sandbox.install(["install", "claude-code", "--hooks", "--database-url", sandbox.home + "/other.db"])
      let clients = try await checks(sandbox, "clients")
      #expect(clients.contains { $0.verdict == "warning" && $0.found.contains("they never meet") }, "\(clients)")
      let text = try #require(sandbox.read(".claude/settings.json"))
      try sandbox.write(text.replacing("\"rewake\"", with: "\"Stop\""), to: ".claude/settings.json")
      let hooks = try await checks(sandbox, "hooks")
      #expect(hooks.first?.verdict == "warning" && hooks.first?.found.contains("for the same event") == true, "\(hooks)")
    }

    #if os(Linux)
      @Test func doctorNamesServersWhoseProgramWasReplaced() async throws {
        let sandbox = try Sandbox()
        let program = sandbox.home + "/cowork-code-mcp-server"
        try await sandbox.copyProgram(to: "cowork-code-mcp-server")
        _ = try await sandbox.run(["install", "claude-code"], command: program, environment: ["PATH": "/usr/bin:/bin"])
        let old = try sandbox.start(["wait", "--as", "cowork", "--timeout", "100"], command: program)
        let executable = "/proc/\(old.pid)/exe"
        while (try? FileManager.default.destinationOfSymbolicLink(atPath: executable)) != program { await Task.yield() }
        #expect(try await checks(sandbox, "programs").isEmpty)
        try FileManager.default.removeItem(atPath: program)
        try await sandbox.copyProgram(to: "cowork-code-mcp-server")
        let findings = try await checks(sandbox, "programs")
        #expect(findings.contains { $0.verdict == "warning" && $0.found.contains("\(old.pid)") }, "\(findings)")
        old.signal(SIGKILL)
        _ = try await old.outcome
      }
    #endif
  }
}
