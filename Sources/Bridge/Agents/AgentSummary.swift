public struct AgentSummary: Hashable, Sendable {
  public var name: String
  /// An instance of the agent is running: its last heartbeat is recent, and it is not known to be dead.
  public var online: Bool
  /// The last heartbeat; nil if it never connected.
  public var lastSeen: String?
  /// The host name of its most recent process.
  public var host: String?
  /// The MCP client that started it, with its version.
  public var client: String?
  /// `Limits.countLimit` where there are more.
  public var unreadMessages: Int
  /// Tasks assigned to it that have not ended; `Limits.countLimit` where there are more.
  public var openTasks: Int
  /// Its running sessions.
  public var sessions: Int

  public init(
    name: String, online: Bool, lastSeen: String?, host: String?, client: String?, unreadMessages: Int, openTasks: Int, sessions: Int = 0
  ) {
    (self.name, self.online, self.lastSeen) = (name, online, lastSeen)
    (self.host, self.client) = (host, client)
    (self.unreadMessages, self.openTasks, self.sessions) = (unreadMessages, openTasks, sessions)
  }
}

/// Which agents are wanted: of those whose names begin so, the given one, the two that always exist, and then those seen last.
public struct AgentQuery: Hashable, Sendable {
  public var beginning: String
  public var own: Identity?
  public var limit: Int

  public init(beginning: String = "", own: Identity? = nil, limit: Int = Limits.agents) {
    (self.beginning, self.own, self.limit) = (beginning, own, limit)
  }
}

/// Agents in the order of their names.
public struct AgentPage: Hashable, Sendable {
  public var agents: [AgentSummary]
  /// How many did not fit.
  public var remaining: Int

  public init(agents: [AgentSummary], remaining: Int) { (self.agents, self.remaining) = (agents, remaining) }
}

extension AgentSummary {
  /// - Throws: `notAllowed` where the agent is needed still.
  func requireRemovable(force: Bool) throws(BridgeError) {
    let reason: String? =
      if Identity.wellKnown.contains(where: { $0.name == name }) { "it always exists" } else if force { nil } else if online {
        "it is online: end its server first, or use --force"
      } else if unreadMessages > 0 {
        "\(unreadMessages)\(unreadMessages < Limits.countLimit ? "" : "+") unread \(unreadMessages == 1 ? "message waits" : "messages wait") for it: read them first, or use --force"
      } else { nil }
    if let reason { throw BridgeError(.notAllowed, "The agent \(name) was not removed, because \(reason).") }
  }
}

extension Identity {
  /// Whether the agent exists without ever having connected.
  public var isWellKnown: Bool { Self.wellKnown.contains(self) }
}

extension BridgeError {
  /// There is no agent of this name.
  ///
  /// - Parameter known: the names that the store knows; of thousands, those that may be the nearest.
  public static func unknownRecipient(_ name: Identity, known: some Sequence<String>) -> BridgeError {
    let existing = Set(known.filter(NameRule.permits)).union(Identity.wellKnown.map(\.name))
    let nearest = NearestName.sorted(Array(existing), by: name.name).prefix(10)
    let likely = NearestName.of(name.name, among: Array(nearest)).map { " Did you mean \"\($0)\"?" } ?? ""
    return BridgeError(
      .unknownRecipient,
      "There is no agent \"\(name)\"; \(existing.count > nearest.count ? "the nearest of those known are" : "known are") "
        + "\(nearest.joined(separator: ", ")).\(likely) "
        + "A new agent exists once it has connected or was added with `cowork-code-mcp-server agents add \(name)`.")
  }
}
