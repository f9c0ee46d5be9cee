#if os(Linux)
  import Foundation

  /// The longest time in which no thread of a process wakes up: between their voluntary context switches (proc(5)).
  public func longestSleep(of pid: Int32, during duration: Duration) async throws -> Duration {
    let tasks = "/proc/\(pid)/task"
    func switches() throws -> [String: Substring] {
      var result: [String: Substring] = [:]
      for thread in try FileManager.default.contentsOfDirectory(atPath: tasks) {
        // One may end meanwhile.
        guard let status = try? String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8) else { continue }
        result[thread] = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }
      }
      return result
    }

    let end = ContinuousClock.now + duration
    var (last, since, longest) = (try switches(), ContinuousClock.now, Duration.zero)
    while ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(50))
      let switches = try switches()
      longest = max(longest, ContinuousClock.now - since)
      if switches != last { (last, since) = (switches, .now) }
    }
    return longest
  }
#endif
