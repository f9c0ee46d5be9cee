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
  public var unreadMessages: Int
  /// Tasks assigned to it that have not ended.
  public var openTasks: Int

  public init(
    name: String, online: Bool, lastSeen: String?, host: String?, client: String?, unreadMessages: Int, openTasks: Int
  ) {
    (self.name, self.online, self.lastSeen) = (name, online, lastSeen)
    (self.host, self.client) = (host, client)
    (self.unreadMessages, self.openTasks) = (unreadMessages, openTasks)
  }
}

extension Identity {
  /// The names of the agents that exist, sorted: those that the store knows, and the two that always exist.
  public static func existing(_ known: some Sequence<String>) -> [String] { Set(known).union(wellKnown.map(\.name)).sorted() }

  /// - Parameter known: the names that the store knows.
  /// - Throws: `unknownRecipient` if there is no such agent.
  public func requireExistence(among known: () throws -> [String]) throws {
    if Self.wellKnown.contains(self) { return }
    let names = try known()
    guard names.contains(name) else { throw BridgeError.unknownRecipient(self, known: names) }
  }
}

extension BridgeError {
  /// There is no agent of this name.
  ///
  /// - Parameter known: the names that the store knows.
  public static func unknownRecipient(_ name: Identity, known: some Sequence<String>) -> BridgeError {
    let existing = Identity.existing(known)
    let nearest = NearestName.of(name.name, among: existing).map { " Did you mean \"\($0)\"?" } ?? ""
    return BridgeError(
      .unknownRecipient,
      "There is no agent \"\(name)\"; known are \(existing.joined(separator: ", ")).\(nearest) "
        + "A new agent exists once it has connected or was added with `cowork-code-mcp-server agents add \(name)`.")
  }
}
