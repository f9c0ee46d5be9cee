import Foundation
import JSON
import ProcessTesting
import Testing

extension RealProcesses {
  /// Claude Code's own command, which changes its file where it can.
  @Suite(.timeLimit(.minutes(3))) struct ClaudeCommandTests {
    static let added = "<mcp><add><--transport><stdio><--scope><user><cowork-bridge><--><\(Program.path)><code>\n"
    static let entry: JSON = ["type": "stdio", "command": .string(Program.path), "args": ["code"], "env": [:]]

    @Test func itIsUsedWhereItExists() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude()
      let arguments = ["install", "claude-code", "--database-url", "postgresql://?service=bridge"]
      // libpq looks up the service at once.
      try sandbox.write("[bridge]\nhost=db\n", to: ".pg_service.conf")
      let dry = try await sandbox.install(arguments + ["--dry-run"], environment)
      #expect(dry.output.contains("Would run: claude mcp add"), "\(dry)")
      #expect(sandbox.read("calls") == nil)
      let outcome = try await sandbox.install(arguments, environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("Ran: claude mcp add") && !outcome.output.contains("Wrote"))
      #expect(sandbox.read("calls") == Self.added.replacing("<code>", with: "<code><--database-url><postgresql://?service=bridge>"))
      let gone = try await sandbox.install(["uninstall", "claude-code"], environment)
      #expect(gone.output.contains("Ran: claude mcp remove --scope user cowork-bridge"), "\(gone)")
      // The empty object that the client leaves is not there, either.
      #expect(sandbox.read(".claude.json") == nil)
    }

    /// `claude mcp remove` and `add` would lose what else the entry says.
    @Test func anEntryThatIsThereIsEditedInItsFile() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude()
      try sandbox.write(
        #"{"mcpServers": {"cowork-bridge": {"command": "/gone/x", "args": ["lead", "--wake", "off"], "env": {"A": "b"}, "timeout": 5}}}"#,
        to: ".claude.json")
      let outcome = try await sandbox.install(["install", "claude-code"], environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(sandbox.read("calls") == nil)
      #expect(
        try sandbox.json(".claude.json")["mcpServers"]?["cowork-bridge"] == [
          "command": .string(Program.path), "args": ["lead", "--wake", "off"], "env": ["A": "b"], "timeout": 5,
        ])
      #expect(sandbox.backups.count == 1)
    }

    @Test func anEntryThatIsTheSameIsLeftAlone() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude()
      let text = "{\"mcpServers\": {\"cowork-bridge\": {\"command\": \"\(Program.path)\", \"args\": [\"code\"], \"env\": {\"A\": \"b\"}}}}"
      try sandbox.write(text, to: ".claude.json")
      _ = try await sandbox.install(["install", "claude-code"], environment)
      #expect(sandbox.read("calls") == nil)
      #expect(sandbox.read(".claude.json") == text)
    }

    @Test(arguments: [("print('no such\\nthing', file=sys.stderr); sys.exit(1)", "failed (no such thing)"), ("sys.exit(0)", "as before")])
    func whereItDoesNothingTheFileIsChanged(script: String, told: String) async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude(script)
      let outcome = try await sandbox.install(["install", "claude-code"], environment)
      #expect(outcome.status == 0)
      #expect(outcome.output.contains(told) && outcome.output.contains("changed the file directly"), "\(outcome)")
      #expect(try sandbox.json(".claude.json")["mcpServers"]?["cowork-bridge"]?["command"] == .string(Program.path))
      let gone = try await sandbox.install(["uninstall", "claude-code"], environment)
      #expect(gone.output.contains(told), "\(gone)")
      #expect(sandbox.read(".claude.json") == nil)
    }

    @Test(arguments: ["open(home + '/.claude.json', 'w').close()", "os.remove(home + '/.claude.json')"])
    func whatItDestroysIsTold(script: String) async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude(script + "; sys.exit(0)")
      try sandbox.write("{\"a\": 1}", to: ".claude.json")
      let outcome = try await sandbox.install(["install", "claude-code"], environment)
      #expect(outcome.status == 0 && !outcome.output.contains("as before"), "\(outcome)")
      #expect(outcome.output.contains("failed (it changed the file, but not as asked): changed the file directly"), "\(outcome)")
      #expect(sandbox.backups.compactMap(sandbox.read) == ["{\"a\": 1}"])
      #expect(outcome.output.contains("the previous version is in \(sandbox.home)/\(sandbox.backups[0])"), "\(outcome)")
      #expect(try sandbox.json(".claude.json")["mcpServers"]?["cowork-bridge"]?["args"] == ["code"])
    }

    @Test func whatItBreaksIsTold() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude("open(home + '/.claude.json', 'w').write('{'); sys.exit(1)")
      try sandbox.write("{}", to: ".claude.json")
      let outcome = try await sandbox.install(["install", "claude-code", "--hooks"], environment)
      let told = "changed \(sandbox.home)/.claude.json; the previous version is in"
      #expect(outcome.status == 1 && outcome.errors.contains(told), "\(outcome)")
      #expect(sandbox.read(".claude.json") == "{" && sandbox.backups.compactMap(sandbox.read) == ["{}"])
      #expect(sandbox.read(".claude/settings.json") == nil)
    }

    /// It changes another part of the file and then fails: both changes are there.
    @Test func whatItChangedBeforeItFailedStays() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude("open(home + '/.claude.json', 'w').write('{\"its\": 1}'); sys.exit(1)")
      try sandbox.write("{}", to: ".claude.json")
      let outcome = try await sandbox.install(["install", "claude-code"], environment)
      #expect(outcome.output.contains("failed (it ended with status 1): changed the file directly."), "\(outcome)")
      #expect(try sandbox.json(".claude.json").objectValue?.keys == ["its", "mcpServers"])
    }

    @Test func itGetsNoSignalsThatAreIgnoredOrBlocked() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude("open(home + '/status', 'w').write(open('/proc/self/status').read())")
      let line = "trap '' HUP INT TERM USR1; exec \"$0\" install claude-code"
      let path = try #require(environment["PATH"])
      let outcome = try await sandbox.run(["-c", line, Program.path], command: "/bin/sh", environment: ["PATH": path])
      #expect(outcome.status == 0, "\(outcome)")
      let status = try #require(sandbox.read("status")).split(separator: "\n")
      let ignored = try #require(status.first { $0.hasPrefix("SigIgn:") }?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
      // Python ignores SIGPIPE and SIGXFSZ itself; those from 32 on are the C library's.
      #expect(ignored & 0x7FFF_FFFF == 1 << (SIGPIPE - 1) | 1 << (SIGXFSZ - 1))
      #expect(status.contains("SigBlk:\t0000000000000000"))
    }

    /// It hangs, and so does what it started.
    @Test func itIsStoppedAfterHalfAMinute() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude(
        """
        import subprocess, time
        child = subprocess.Popen(["sleep", "1000"])
        open(home + "/pids", "w").write(f"{os.getpid()} {child.pid}")
        time.sleep(1000)
        """)
      let outcome = try await sandbox.install(["install", "claude-code"], environment)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("it did not end within 30 s and was stopped"), "\(outcome)")
      #expect(outcome.elapsed >= .seconds(30))
      #expect(try sandbox.json(".claude.json")["mcpServers"]?["cowork-bridge"]?["args"] == ["code"])
      for pid in try #require(sandbox.read("pids")).split(separator: " ").compactMap({ Int32($0) }) { try await Self.awaitEnd(of: pid) }
    }

    /// A person who gives up stops both.
    @Test func anInterruptStopsItToo() async throws {
      let sandbox = try Sandbox()
      let environment = try await sandbox.standInClaude("import time; open(home + '/pid', 'w').write(str(os.getpid())); time.sleep(1000)")
      let path = try #require(environment["PATH"])
      let running = try sandbox.start(["install", "claude-code", "--hooks"], environment: ["PATH": path])
      var pid: Int32?
      while pid == nil {
        pid = sandbox.read("pid").flatMap { Int32($0) }
        try await Task.sleep(for: .milliseconds(20))
      }
      running.signal(SIGINT)
      #expect(try await running.outcome.status == 130)
      try await Self.awaitEnd(of: #require(pid))
      #expect(sandbox.files.filter { $0.hasPrefix(".claude") } == [".claude"])
    }

    private static func awaitEnd(of pid: Int32) async throws {
      while let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), !status.contains(") Z") {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }
}
