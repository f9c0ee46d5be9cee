import Foundation
import JSON
import MCPClient
import ProcessTesting
import Testing

extension ProcessTests {
  @Test(arguments: ChildServer.Wiring.allCases)
  func aWaitingServerWakesWhenAnotherProcessWrites(_ wiring: ChildServer.Wiring) async throws {
    let sandbox = try Sandbox()
    let sender = try await sandbox.serve("code", wiring: wiring)
    let reader = try await sandbox.serve("cowork", wiring: wiring)
    var latencies = [Duration]()
    for number in 0..<20 {
      let wait = try await beginWait(reader)
      let started = ContinuousClock.now
      try await sender.send(["\(number)"], to: "cowork")
      let arrival = try await wait.arrival(within: .seconds(10))
      let received = Received.all(in: try arrival.content(of: wait.name))
      #expect(received.map(\.content) == ["\(number)"])
      latencies.append(arrival.at - started)
    }
    report("from send_message to the waiting client (\(wiring)): \(summary(latencies)), the sender's call included")
  }

  @Test func aWaitingServerWakesForARowTypedIntoSQLite3() async throws {
    let sandbox = try Sandbox()
    let reader = try await sandbox.serve("cowork")
    _ = try await reader.call("list_agents")
    var latencies = [Duration]()
    for number in 0..<10 {
      let wait = try await beginWait(reader)
      try await sandbox.sqlite3(
        """
        INSERT INTO messages (id, sender, recipient, content, read, created_at)
        VALUES ('by-hand-\(number)', 'code', 'cowork', '\(number)', 0, datetime('now'));
        """)
      let committed = ContinuousClock.now
      let arrival = try await wait.arrival(within: .seconds(10))
      let received = Received.all(in: try arrival.content(of: wait.name))
      #expect(received.map(\.id) == ["by-hand-\(number)"])
      latencies.append(arrival.at - committed)
    }
    report("from the end of sqlite3 to the waiting client: \(summary(latencies)); negative is before sqlite3's exit was seen")
  }

  @Test func waitingHoldsUpNoOtherCall() async throws {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("cowork")
    let waits = (0..<8).map { _ in server.beginCall("wait_for_updates", ["timeout_seconds": 55]) }
    for _ in 0..<5 { #expect(try await server.call("list_agents")["self"] == "cowork") }
    try await server.send(["x"], to: "code")
    #expect(waits.allSatisfy { !$0.hasArrived })
  }

  @Test func aWaitEndsWithItsTime() async throws {
    let sandbox = try Sandbox()
    let server = try await sandbox.serve("cowork")
    let started = ContinuousClock.now
    #expect(try await server.call("wait_for_updates", ["timeout_seconds": 1])["timed_out"] == true)
    #expect(ContinuousClock.now - started >= .milliseconds(950))
  }

  @Test func anIdleServerUsesUnderOnePercentOfACore() async throws {
    let sandbox = try Sandbox()
    let clock = try await sandbox.serve("code")
    let idle = try await sandbox.serve("cowork")
    _ = try await idle.call("list_agents")
    let figures = try await cpuShare(of: idle, while: clock)
    report("CPU of an idle server: \(percent(figures)) of a core")
    #expect(figures < 0.01)
    let waiting = try await cpuShare(of: clock, while: clock)
    report("CPU of a waiting server: \(percent(waiting)) of a core")
    #expect(waiting < 0.05)
  }

  /// The share of a core that a server uses while another one waits for 4 s.
  private func cpuShare(of server: ChildServer, while clock: ChildServer) async throws -> Double {
    let (before, started) = (try cpuSeconds(of: server.pid), ContinuousClock.now)
    #expect(try await clock.call("wait_for_updates", ["timeout_seconds": 4])["timed_out"] == true)
    let (after, elapsed) = (try cpuSeconds(of: server.pid), ContinuousClock.now - started)
    return (after - before) / (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
  }

  /// Starts a wait; a call that was answered after it shows that it is under way.
  private func beginWait(_ server: ChildServer) async throws -> Reply {
    let wait = server.beginCall("wait_for_updates", ["timeout_seconds": 30])
    _ = try await server.call("list_agents")
    return wait
  }

  private func summary(_ durations: [Duration]) -> String {
    let sorted = durations.sorted()
    return "median \(sorted[sorted.count / 2].milliseconds), worst \(sorted[sorted.count - 1].milliseconds) of \(sorted.count)"
  }

  private func percent(_ share: Double) -> String { String(format: "%.3f %%", share * 100) }
}

/// User and system time of all threads of a process.
private func cpuSeconds(of pid: pid_t) throws -> Double {
  #if os(Linux)
    // schedstat counts nanoseconds, where stat counts hundredths of a second.
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
    return try threads.reduce(0) { sum, thread in
      let text = try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/schedstat", encoding: .utf8)
      return sum + (Double(text.split(separator: " ").first ?? "0") ?? 0) / 1e9
    }
  #else
    var usage = rusage_info_current()
    let status = withUnsafeMutablePointer(to: &usage) { pointer in
      pointer.withMemoryRebound(to: rusage_info_t?.self, capacity: 1) { proc_pid_rusage(pid, RUSAGE_INFO_CURRENT, $0) }
    }
    guard status == 0 else { throw TestingError("proc_pid_rusage: \(errno)") }
    var timebase = mach_timebase_info_data_t()
    mach_timebase_info(&timebase)
    return Double(usage.ri_user_time + usage.ri_system_time) * Double(timebase.numer) / Double(timebase.denom) / 1e9
  #endif
}
