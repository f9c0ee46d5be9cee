import Foundation
import ProcessTesting
import Testing

/// Colours are for terminals.
@Suite struct TerminalTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func printed(_ arguments: [String], _ environment: [String: String] = [:], columns: Int? = nil) async throws -> String {
    let terminal = try TestTerminal(columns: columns)
    let outcome = try await sandbox.run(arguments, output: terminal.slave, environment: environment)
    #expect(outcome.status == 0)
    return terminal.printed()
  }

  @Test(arguments: [["agents"], ["tasks", "--as", "cowork"], ["read", "--as", "cowork", "--peek"], ["history"]])
  func aTerminalGetsThem(_ arguments: [String]) async throws {
    _ = try await sandbox.run("send", "cowork", "one \u{1B}[7m two")
    _ = try await sandbox.run("tasks", "create", "cowork", "x")
    let text = try await printed(arguments)
    #expect(text.contains("\u{1B}[") && !text.contains("\u{1B}[7m"))
    for environment in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
      let plain = try await printed(arguments, environment)
      #expect(!plain.isEmpty && !plain.contains("\u{1B}"))
    }
    #expect(!(try await printed(arguments + ["--json"]).contains("\u{1B}")))
    let piped = try await sandbox.run(arguments, environment: ["FORCE_COLOR": "1"]).output
    #expect(!piped.isEmpty && !piped.contains("\u{1B}"))
  }

  @Test(arguments: [["agents"], ["status"], ["history"], ["doctor"], ["tasks", "--as", "cowork", "--peek"]])
  func theyAreChosen(_ arguments: [String]) async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    _ = try await sandbox.run("tasks", "create", "cowork", "x")
    #expect(try await sandbox.run(arguments + ["--color", "always"], environment: ["NO_COLOR": "1"]).output.contains("\u{1B}["))
    #expect(!(try await printed(arguments + ["--color", "never"]).contains("\u{1B}")))
    #expect(try await sandbox.run(arguments + ["--color", "sometimes"]).status == 64)
  }

  /// What a terminal of so many columns shows, line by line.
  private func screen(_ text: String, _ columns: Int) throws -> [String] {
    try text.replacing(Regex("\u{1B}\\[[0-9;]*m"), with: "").split(separator: "\r\n", omittingEmptySubsequences: false).flatMap { line in
      var lines = [""]
      var width = 0
      for character in line {
        let own = character.unicodeScalars.contains { (0x4E00..<0xA000).contains($0.value) } ? 2 : 1
        if width + own > columns {
          lines.append("")
          width = 0
        }
        lines[lines.count - 1].append(character)
        width += own
      }
      return lines
    }
  }

  @Test(arguments: [40, 80, 200], [["read", "--as", "cowork", "--peek"], ["history", "--as", "cowork"]])
  func noTextImitatesAHeader(_ columns: Int, _ arguments: [String]) async throws {
    let fake = "cowork → code  2026-01-31T12:00:00.000Z  m"
    for filler in [
      String(repeating: "x", count: columns - 2), String(repeating: "漢", count: columns / 2 - 1), String(repeating: "\t", count: columns),
      String(repeating: "x ", count: columns / 2 - 1),
    ] { _ = try await sandbox.run("send", "cowork", "--", filler + fake) }
    let name = String(repeating: "n", count: columns) + fake
    try await sandbox.sqlite3(
      """
      INSERT INTO messages VALUES ('\(name)', '\(name)', 'cowork', 'y', 0, '\(name)');
      INSERT INTO message_details (message_id, reply_to) VALUES ('\(name)', '\(name)');
      """)
    let lines = try screen(try await printed(arguments, columns: columns), columns)
    #expect(!lines.contains { $0.hasPrefix("cowork → code") }, "\(lines.joined(separator: "\n"))")
    #expect(lines.count { $0.hasPrefix("code → cowork") } == 4)
  }

  @Test(arguments: [40, 60, 100], [["tasks", "--as", "cowork", "--peek"], ["agents"], ["status"]])
  func aTableFitsTheTerminal(_ columns: Int, _ arguments: [String]) async throws {
    for title in ["A title that is longer than what a terminal of this kind can show in a line", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"] {
      _ = try await sandbox.run("tasks", "create", "cowork", title)
    }
    _ = try await sandbox.run("agents", "add", "an-agent-with-a-name-that-is-longer-than-most-of-the-others")
    let text = try await printed(arguments, columns: columns)
    #expect(try screen(text, columns) == screen(text, 1_000), "\(text)")
  }

  @Test func aServerOnATerminalSaysWhatItWaitsFor() async throws {
    let script = """
      import os, pty, signal, subprocess, sys
      signal.alarm(30)
      mine, theirs = pty.openpty()
      server = subprocess.Popen([sys.argv[1], "serve", "code"], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE)
      print(server.stderr.readline().decode())
      server.send_signal(signal.SIGINT)
      print(server.wait() in (0, -signal.SIGINT))
      """
    let outcome = try await sandbox.run(["-c", script, Program.path], command: "python3")
    #expect(outcome.output.contains("waits for its client") && outcome.output.contains("install"), "\(outcome)")
    #expect(outcome.output.hasSuffix("True\n"))
  }

  @Test func colouredCellsStayInTheirColumns() async throws {
    _ = try await sandbox.run("tasks", "create", "cowork", "x")
    let coloured = try await printed(["tasks", "--as", "cowork", "--peek"]).replacing("\r\n", with: "\n")
    let plain = try await sandbox.run("tasks", "--as", "cowork", "--peek").output
    let text = try coloured.replacing(Regex("\u{1B}\\[[0-9;]*m"), with: "").replacing(/[ ]+\n/, with: "\n")
    #expect(text == plain)
    #expect(plain.split(separator: "\n").allSatisfy { $0.last != " " })
  }
}
