#if os(Linux)
  import Foundation

  /// Counts how often a process wakes up: bursts of its threads' voluntary context switches (proc(5)).
  public struct WakeUpCounter: Sendable {
    private let tasks: String

    public init(of pid: Int32) { tasks = "/proc/\(pid)/task" }

    /// - Returns: bursts with at least half a second between them.
    @discardableResult
    public func count(during duration: Duration) async throws -> Int {
      let clock = ContinuousClock()
      let end = clock.now + duration
      var (count, last) = (0, try switches())
      var lastBurst: ContinuousClock.Instant?
      while clock.now < end {
        try await Task.sleep(for: .milliseconds(50))
        let switches = try switches()
        guard switches != last else { continue }
        if lastBurst.map({ clock.now - $0 > .milliseconds(500) }) ?? true { count += 1 }
        (last, lastBurst) = (switches, clock.now)
      }
      return count
    }

    private func switches() throws -> [String: Substring] {
      var result: [String: Substring] = [:]
      for thread in try FileManager.default.contentsOfDirectory(atPath: tasks) {
        // One may end meanwhile.
        guard let status = try? String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8) else { continue }
        result[thread] = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }
      }
      return result
    }
  }
#endif
