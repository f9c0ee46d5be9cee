#if os(Linux)
  import Foundation
  import ProcessTesting
  import Testing

  extension ProcessTests {
    /// Each 10 s it sends its heartbeat, and does all else that is done at intervals.
    @Test func anIdleServerSleeps() async throws {
      let sandbox = try Sandbox()
      let server = try await sandbox.serve("code")
      _ = try await server.call("list_agents")
      let wakeUps = WakeUpCounter(of: server.pid)
      // Until the log has gone into the file.
      try await wakeUps.count(during: .seconds(6))
      let count = try await wakeUps.count(during: .seconds(24))
      report("an idle server woke up \(count) times in 24 s")
      #expect(1...6 ~= count)
    }
  }
#endif
