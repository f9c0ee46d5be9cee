import Bridge
import PostgresClient

extension PostgresStore {
  public func agents(_ query: AgentQuery) async throws(BridgeError) -> AgentPage {
    try await perform { [sql, timing] pool in
      let rows = try await pool.query(
        sql.call("agents", arguments: 4),
        [.double(timing.presence.inSeconds), .text(query.beginning), .optional(query.own?.name), .int(query.limit)])
      let agents = try rows.map { row in
        AgentSummary(
          name: try row.get("name"), online: try row.isOnline, lastSeen: try row.get("last_seen"), host: try row.get("host"),
          client: try row.get("client"), unreadMessages: try row.get("unread"), openTasks: try row.get("open_tasks"),
          sessions: try row.get("sessions", as: [String].self).count { !Presence.hasEnded($0) })
      }
      return AgentPage(agents: agents, remaining: try rows.first?.get("remaining") ?? 0)
    }
  }

  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    _ = try await perform { [sql] pool in try await pool.query(sql.call("add_agent", arguments: 1), [.text(agent.name)]) }
  }

  public func removeAgent(_ agent: Identity, force: Bool) async throws(BridgeError) -> Bool {
    try await perform { [sql] pool in
      try await pool.query(sql.call("remove_agent", arguments: 2), [.text(agent.name), .bool(force)]).only.get(0)
    }
  }

  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    _ = try await perform { [sql, timing, idle] _ in
      try await idle.query(
        sql.call("heartbeat", arguments: 10),
        [
          .text(instance.agent.name), .text(instance.id), .text(instance.host), .text(instance.process.encoded),
          .optional(instance.client), .double(timing.claim.inSeconds), .double(timing.presence.inSeconds),
          .optional(instance.session?.stamp), .optional(instance.session?.name), .text(instance.session?.process?.encoded ?? ""),
        ])
    }
    rebuildTextIndexLater()
  }

  /// Once in the life of a process.
  private func rebuildTextIndexLater() {
    guard !hasRebuilt.exchange(true, ordering: .relaxed) else { return }
    Task {
      await CallLimit.with(nil) {
        do { try await migrator.rebuildTextIndex() } catch { logger.info("the text index is not rebuilt", metadata: ["error": "\(error)"]) }
      }
    }
  }

  public func signOff(_ instance: Instance, endsSession: Bool) async throws(BridgeError) {
    _ = try await perform { [sql] pool in
      try await pool.query(
        sql.call("sign_off", arguments: 5),
        [
          .text(instance.agent.name), .text(instance.id), .text(instance.host), .optional(instance.client),
          .optional(endsSession ? instance.session?.stamp : nil),
        ])
    }
  }

  public func sessions(of agent: Identity?) async throws(BridgeError) -> [SessionSummary] {
    try await perform { [sql, timing] pool in
      try await pool.query(sql.call("sessions_of", arguments: 2), [.optional(agent?.name), .double(timing.presence.inSeconds)]).map {
        SessionSummary(
          agent: try $0.get("agent"), stamp: try $0.get("stamp"), name: try $0.get("name"), client: try $0.get("client"),
          process: try $0.get("process"), isRecent: try $0.get("is_recent"), hasEnded: try $0.get("has_ended"))
      }
    }
  }
}
