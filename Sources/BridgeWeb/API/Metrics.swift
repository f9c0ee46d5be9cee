import Bridge

/// What `/metrics` tells, as Prometheus reads it (text format 0.0.4).
enum Metrics {
  private struct Family {
    let name: String
    let help: String
    /// The agent, if the value is that of one.
    let samples: [(agent: String?, value: Double)]

    init(_ name: String, _ help: String, _ samples: [(String?, Double)]) { (self.name, self.help, self.samples) = (name, help, samples) }

    init(_ name: String, _ help: String, _ value: Int) { self.init(name, help, [(nil, Double(value))]) }

    init(_ name: String, _ help: String, _ values: [String: Double]) {
      self.init(name, help, values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    var text: String {
      let lines = samples.map { sample in
        "cowork_bridge_\(name)\(sample.agent.map { "{agent=\"\(Metrics.escaped($0))\"}" } ?? "") \(Metrics.number(sample.value))\n"
      }
      return "# HELP cowork_bridge_\(name) \(help)\n# TYPE cowork_bridge_\(name) gauge\n" + lines.joined()
    }
  }

  /// - Parameter overview: nil if the store cannot be read.
  static func text(_ overview: Overview?) -> String {
    let up = Family("store_up", "Whether the store can be read.", overview == nil ? 0 : 1)
    guard let overview else { return up.text }
    let agents = Dictionary(overview.agents.map { ($0.name, 0.0) }) { first, _ in first }
    func each(_ values: [(String, Double)]) -> [String: Double] { agents.merging(values) { $1 } }
    return [
      up,
      Family("unread_messages", "Messages that their recipient has not read.", each(overview.unread.map { ($0.agent, Double($0.count)) })),
      Family("oldest_unread_seconds", "The age of the oldest unread message.", each(overview.unread.map { ($0.agent, $0.oldest ?? 0) })),
      Family(
        "set_aside_messages", "Messages that are delivered no more, because they were never confirmed.",
        each(overview.setAside.map { ($0.agent, Double($0.count)) })),
      Family("agent_online", "Whether a process of the agent runs.", each(overview.agents.map { ($0.name, $0.online ? 1 : 0) })),
      Family("open_tasks", "Tasks that have not ended.", overview.openTasks),
      Family("stale_tasks", "Tasks whose holder is gone.", overview.staleTasks),
      Family("leases", "Deliveries that are not confirmed yet.", overview.leases),
      Family("expired_leases", "Those of them whose time is over.", overview.expiredLeases),
    ].map(\.text).joined()
  }

  /// By scalars: CR and LF together are one character. Other controls and separators of lines, which some parsers take for an end, are not kept.
  static func escaped(_ label: String) -> String {
    label.unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "\n": "\\n"
      case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": "\u{FFFD}"
      default: String(scalar)
      }
    }.joined()
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\((value * 1_000).rounded() / 1_000)"
  }
}
