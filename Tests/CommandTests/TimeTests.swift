import Foundation
import ProcessTesting
import Testing

/// Every option that takes a time reads it alike.
@Suite struct TimeTests {
  let sandbox: Sandbox
  init() throws { sandbox = try Sandbox() }

  /// A message of noon in New York, where the clock is five hours behind.
  private func fill() async throws {
    _ = try await sandbox.run("agents", "add", "code")
    try await sandbox.sqlite3("INSERT INTO messages VALUES ('m', 'cowork', 'code', 'at noon', 1, '2026-01-31T17:00:00.000Z')")
  }

  private func finds(_ option: [String]) async throws -> Bool {
    let outcome = try await sandbox.run(option, environment: ["TZ": "America/New_York"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.output.contains("at noon") || outcome.output.contains("Would remove 1 read message")
  }

  @Test(arguments: [
    ("2026-01-31T12:01", true), ("2026-01-31 12:01:00", true), ("2026-01-31T17:01Z", true), ("2026-01-31T18:01:00.5+01:00", true),
    ("2026-02-01", true), ("2026-01-31T11:59", false), ("2026-01-31T16:59Z", false), ("2026-01-31", false), ("1s", true), ("5200w", false),
  ])
  func aTimeIsLocalUnlessItNamesAZone(_ time: String, _ isAfter: Bool) async throws {
    try await fill()
    #expect(try await finds(["history", "--before", time]) == isAfter)
    #expect(try await finds(["prune", "--dry-run", "--older-than", time]) == isAfter)
    #expect(try await finds(["export", "--since", time]) != isAfter)
  }

  @Test(arguments: [
    "history --before 2026-02-30", "export --since soon", "watch --since 12:00", "prune --older-than 3x", "prune --older-than 2099-01-01",
    "wait --timeout 2x", "read --wait 2d", "send cowork x --wait 2m",
  ])
  func whatIsNoneIsRefused(_ line: String) async throws {
    let outcome = try await sandbox.run(line.split(separator: " ").map(String.init))
    #expect(line.hasPrefix("history") ? outcome.status == 1 || outcome.status == 0 : outcome.status == 64, "\(outcome)")
  }

  @Test func aWaitTakesAUnit() async throws {
    _ = try await sandbox.run("send", "cowork", "x")
    #expect(try await sandbox.run("wait", "--as", "cowork", "--timeout", "2m").status == 0)
    #expect(try await sandbox.run("wait", "--as", "reviewer", "--timeout", "0s").status == 3)
  }
}
