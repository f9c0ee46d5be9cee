import Bridge
import PostgresClient

extension PostgresStore {
  public func agents() async throws(BridgeError) -> [AgentSummary] {
    try await perform { [sql, timing] pool in
      try await pool.query(sql.call("agents", arguments: 1), [.double(timing.presence.inSeconds)]).map { row in
        AgentSummary(
          name: try row.get("name"), online: try row.isOnline, lastSeen: try row.get("last_seen"), host: try row.get("host"),
          client: try row.get("client"), unreadMessages: try row.get("unread"), openTasks: try row.get("open_tasks"))
      }
    }
  }

  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    _ = try await perform { [sql] pool in try await pool.query(sql.call("add_agent", arguments: 1), [.text(agent.name)]) }
  }

  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    _ = try await perform { [sql, timing, idle] _ in
      try await idle.query(
        sql.call("heartbeat", arguments: 7),
        [
          .text(instance.agent.name), .text(instance.id), .text(instance.host), .text(instance.process.encoded),
          .optional(instance.client), .double(timing.claim.inSeconds), .double(timing.presence.inSeconds),
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

  public func signOff(_ instance: Instance) async throws(BridgeError) {
    _ = try await perform { [sql] pool in
      try await pool.query(
        sql.call("sign_off", arguments: 4),
        [.text(instance.agent.name), .text(instance.id), .text(instance.host), .optional(instance.client)])
    }
  }
}
