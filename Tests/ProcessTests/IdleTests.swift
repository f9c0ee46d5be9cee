#if os(Linux)
  import ProcessTesting
  import Testing

  extension ProcessTests {
    /// Each 10 s it sends its heartbeat, and does all else that is done at intervals.
    @Test func anIdleServerSleeps() async throws {
      let sandbox = try Sandbox()
      let server = try await sandbox.serve("code")
      _ = try await server.call("list_agents")
      let sleep = try await longestSleep(of: server.pid, during: .seconds(30))
      report("an idle server slept for \(sleep.milliseconds)")
      #expect(sleep > .seconds(5))
    }
  }
#endif
