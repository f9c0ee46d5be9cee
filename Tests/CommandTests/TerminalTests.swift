import Foundation
import ProcessTesting
import Testing

/// Colours are for terminals.
@Suite struct TerminalTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  private func printed(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> String {
    let terminal = try TestTerminal()
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

  @Test func colouredCellsStayInTheirColumns() async throws {
    _ = try await sandbox.run("tasks", "create", "cowork", "x")
    let coloured = try await printed(["tasks", "--as", "cowork", "--peek"]).replacing("\r\n", with: "\n")
    let plain = try await sandbox.run("tasks", "--as", "cowork", "--peek").output
    let text = try coloured.replacing(Regex("\u{1B}\\[[0-9;]*m"), with: "").replacing(/[ ]+\n/, with: "\n")
    #expect(text == plain)
    #expect(plain.split(separator: "\n").allSatisfy { $0.last != " " })
  }
}
