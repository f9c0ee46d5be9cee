import Foundation
import JSON
import ProcessTesting
import Testing

@Suite struct DemoTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  /// Neither a folder nor a process is left.
  private func expectNothingBehind(_ output: String) throws {
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.temporary).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: sandbox.home + "/.cowork-code-mcp"))
    let pids = output.matches(of: /process (\d+): cowork-code-mcp-server/).compactMap { Int32($0.1) }
    #expect(pids.count == 2)
    for pid in pids { #expect(kill(pid, 0) == -1 && errno == ESRCH) }
  }

  @Test func itTellsWhatItSaw() async throws {
    let demo = try await sandbox.run("demo", environment: ["COWORK_WORKSPACE": "mine", "COWORK_DATABASE_URL": "/nowhere/x.db"])
    #expect(demo.status == 0, "\(demo.output) \(demo.errors)")
    #expect(demo.errors == "")
    #expect(demo.output.matches(of: /✓ \d\. .*  woken after [\d.]+ ms\n/).count == 5)
    #expect(demo.output.contains("All 9 steps were observed in "))
    let command = try #require(demo.output.firstMatch(of: /claude mcp add --scope user cowork-bridge -- (\/\S+) code\n/))
    #expect(FileManager.default.isExecutableFile(atPath: String(command.1)))
    try expectNothingBehind(demo.output)
  }

  @Test func itTellsItAsJSON() async throws {
    let demo = try await sandbox.run("demo", "--json")
    #expect(demo.status == 0)
    let report = try demo.json
    #expect(report["ok"] == true)
    #expect(try report.list("steps").map { $0["ok"] } == Array(repeating: true, count: 9))
    #expect(try report.list("steps").compactMap { $0["wake_milliseconds"]?.doubleValue }.allSatisfy { $0 > 0 && $0 < 5_000 })
    #expect(try report.list("steps").compactMap { $0["wake_milliseconds"] }.count == 5)
    try expectNothingBehind(demo.output)
  }

  /// Files cannot grow: the servers start and their store fails.
  @Test func itNamesTheStepThatFailed() async throws {
    let demo = try await sandbox.shell("(ulimit -f 0; trap '' XFSZ; \"$0\" demo 2>&1; echo status $?) | cat")
    #expect(demo.output.contains("✓ 1. "))
    #expect(demo.output.contains("✗ 2. They see each other"))
    #expect(demo.output.contains("The demo failed at step 2, \"They see each other\": list_agents failed: "))
    #expect(demo.output.hasSuffix("status 1\n"))
    try expectNothingBehind(demo.output)
    let json = try await sandbox.shell("(ulimit -f 0; trap '' XFSZ; \"$0\" demo --json 2>/dev/null) | cat").json
    #expect(json["ok"] == false)
    #expect(try json.list("steps").map { $0["ok"] } == [true, false])
  }

  @Test func anOutputThatIsBrokenFailsIt() async throws {
    let demo = try await sandbox.run("demo", output: LinePipe.broken())
    #expect(demo.status == 1)
    #expect(demo.errors == "")
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.temporary).isEmpty)
  }
}
