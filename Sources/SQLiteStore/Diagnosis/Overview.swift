import Bridge
import GRDB

extension SQLiteStore {
  private static func age(_ column: String) -> String {
    "CASE WHEN \(column) LIKE '%-%' THEN (julianday('now') - julianday(\(column))) * 86400 END"
  }

  public func overview() async throws(BridgeError) -> Overview {
    let agents = try await agents(AgentQuery(limit: Overview.agentLimit)).agents
    return try await read { [presence = timing.presence] db in
      // The oldest is one of the first: the times of all take long to read.
      let unread = try db.rows(
        """
        WITH RECURSIVE \(SQL.distinct("m.recipient", as: "recipients"))
        SELECT recipient, COUNT(*) AS count, (
            SELECT MAX(\(Self.age("created_at"))) FROM (
              SELECT f.created_at FROM messages f WHERE f.recipient = m.recipient AND COALESCE(f.read, 0) = 0 ORDER BY f.rowid LIMIT 20)
          ) AS oldest
        FROM recipients CROSS JOIN messages m ON m.recipient = recipients.value
        WHERE COALESCE(m.read, 0) = 0 GROUP BY recipient ORDER BY recipient
        """
      ).map { Overview.Unread(agent: $0.text("recipient") ?? "", count: $0["count"], oldest: $0["oldest"]) }
      let tasks = try db.rows(
        "SELECT \(SQL.taskColumns), \(Self.age("t.created_at")) AS age FROM \(SQL.tasks) WHERE \(SQL.isOpen) ORDER BY +t.rowid LIMIT ?",
        [Overview.taskLimit]
      ).map { Overview.Task(BridgeTask($0).withoutTexts, age: $0["age"]) }
      return Overview(
        agents: agents, unread: try Array(unread), tasks: try Array(tasks), openTasks: try db.count(of: "tasks t WHERE \(SQL.isOpen)"),
        leases: try db.count(of: "leases"), expiredLeases: try db.count(of: "leases WHERE \(SQL.hasExpired)"),
        sessions: try Self.sessions(of: nil, within: presence, db).filter { $0.isRecent && $0.isAlive }, setAside: try Self.setAside(db))
    }
  }

  public func removeTraces(of agents: [Identity]) async throws(BridgeError) {
    guard agents.allSatisfy(\.isOfDiagnosis) else { throw BridgeError.notOfDiagnosis(agents) }
    try await write { db in
      let side = "sender = ?1 OR recipient = ?1"
      for rows in [
        "leases WHERE agent = ?1",
        "message_details WHERE message_id IN (SELECT id FROM messages WHERE \(side))", "messages WHERE \(side)",
        "task_events WHERE task_id IN (SELECT id FROM tasks WHERE \(side))",
        "task_details WHERE task_id IN (SELECT id FROM tasks WHERE \(side))", "tasks WHERE \(side)",
        "instances WHERE agent = ?1", "sessions WHERE agent = ?1", "agents WHERE name = ?1",
      ] {
        for agent in agents { try db.run("DELETE FROM \(rows)", [agent.name]) }
      }
    }
  }
}
