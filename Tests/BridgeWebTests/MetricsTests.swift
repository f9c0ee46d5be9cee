import Bridge
import Testing

@testable import BridgeWeb

@Suite struct MetricsTests {
  @Test func eachLineIsAFigure() throws {
    let agents = ["code", "a\"b\\c\nd"].map {
      AgentSummary(name: $0, online: $0 == "code", lastSeen: nil, host: nil, client: nil, unreadMessages: 0, openTasks: 0)
    }
    var task = BridgeTask()
    task.stale = true
    let overview = Overview(
      agents: agents, unread: [.init(agent: "code", count: 3, oldest: 1.23456), .init(agent: "nobody", count: 1, oldest: nil)],
      tasks: [.init(task, age: 1)], openTasks: 2, leases: 4, expiredLeases: 1, sessions: [],
      setAside: [.init(agent: "code", count: 1, oldest: nil)])
    let lines = Metrics.text(overview).split(separator: "\n")
    let samples = lines.filter { !$0.hasPrefix("#") }
    for line in [
      "cowork_bridge_store_up 1", #"cowork_bridge_unread_messages{agent="code"} 3"#, #"cowork_bridge_unread_messages{agent="nobody"} 1"#,
      #"cowork_bridge_unread_messages{agent="a\"b\\c\nd"} 0"#, #"cowork_bridge_oldest_unread_seconds{agent="code"} 1.235"#,
      #"cowork_bridge_set_aside_messages{agent="code"} 1"#, #"cowork_bridge_agent_online{agent="code"} 1"#,
      #"cowork_bridge_agent_online{agent="a\"b\\c\nd"} 0"#, "cowork_bridge_open_tasks 2", "cowork_bridge_stale_tasks 1",
      "cowork_bridge_leases 4", "cowork_bridge_expired_leases 1",
    ] {
      #expect(samples.contains(line[...]), "\(line)")
    }
    let form = /[a-z_]+(\{agent="([^"\\\n]|\\["\\n])*"\})? [0-9.]+/
    #expect(samples.allSatisfy { $0.wholeMatch(of: form) != nil }, "\(samples)")
    // Each family is introduced once, before its samples.
    let families = lines.filter { $0.hasPrefix("# TYPE") }.map { $0.split(separator: " ")[2] }
    #expect(Set(families).count == families.count && lines.count { $0.hasPrefix("# HELP") } == families.count)
    #expect(samples.allSatisfy { sample in families.contains { sample.prefix { $0 != "{" && $0 != " " } == $0 } })
  }

  /// CR and LF together are one character of a string, and end a line all the same.
  @Test func noNameEndsALine() {
    #expect(Metrics.escaped("a\r\nb") == "a\u{FFFD}\\nb" && Metrics.escaped("a\n\u{301}\u{2028}\u{85}é") == "a\\n\u{301}\u{FFFD}\u{FFFD}é")
  }

  @Test func aStoreThatIsAwayIsAFigureAsWell() {
    #expect(Metrics.text(nil).split(separator: "\n").last == "cowork_bridge_store_up 0")
  }
}
