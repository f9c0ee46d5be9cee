import Bridge
import GRDB

extension SQLiteStore {
  private static func age(_ column: String) -> String {
    "CASE WHEN \(column) LIKE '%-%' THEN (julianday('now') - julianday(\(column))) * 86400 END"
  }

  public func overview() async throws(BridgeError) -> Overview {
    let agents = try await agents()
    return try await read { db in
      let unread = try Row.fetchAll(
        db,
        sql: """
          SELECT recipient, COUNT(*) AS count, MAX(\(Self.age("created_at"))) AS oldest FROM messages
          WHERE COALESCE(read, 0) = 0 AND recipient IS NOT NULL GROUP BY recipient ORDER BY recipient
          """
      ).map { Overview.Unread(agent: $0.text("recipient") ?? "", count: $0["count"], oldest: $0["oldest"]) }
      let isOpen = "COALESCE(t.status, '') NOT IN ('completed', 'failed')"
      let tasks = try Row.fetchAll(
        db,
        sql: """
          SELECT \(SQL.taskColumns), \(Self.age("t.created_at")) AS age FROM \(SQL.tasks) WHERE \(isOpen) ORDER BY t.rowid LIMIT ?
          """, arguments: [Overview.taskLimit]
      ).map { Overview.Task(BridgeTask($0).withoutTexts, age: $0["age"]) }
      return Overview(
        agents: agents, unread: unread, tasks: tasks,
        openTasks: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM tasks t WHERE \(isOpen)") ?? 0,
        leases: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM leases") ?? 0,
        expiredLeases: try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM leases WHERE expires_at < \(SQL.now)") ?? 0)
    }
  }

  public func removeTraces(of agents: [Identity]) async throws(BridgeError) {
    guard agents.allSatisfy(\.isOfDiagnosis) else { throw BridgeError.notOfDiagnosis(agents) }
    try await write(.never) { db in
      for agent in agents {
        let side = "sender = ?1 OR recipient = ?1"
        for statement in [
          "DELETE FROM leases WHERE agent = ?1",
          "DELETE FROM message_details WHERE message_id IN (SELECT id FROM messages WHERE \(side))",
          "DELETE FROM messages WHERE \(side)",
          "DELETE FROM task_events WHERE task_id IN (SELECT id FROM tasks WHERE \(side))",
          "DELETE FROM task_details WHERE task_id IN (SELECT id FROM tasks WHERE \(side))",
          "DELETE FROM tasks WHERE \(side)",
          "DELETE FROM instances WHERE agent = ?1",
          "DELETE FROM agents WHERE name = ?1",
        ] {
          try db.execute(sql: statement, arguments: [agent.name])
        }
      }
    }
  }
}
