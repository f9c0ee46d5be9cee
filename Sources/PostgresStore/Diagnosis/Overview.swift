import Bridge
import PostgresClient

extension PostgresStore {
  public func overview() async throws(BridgeError) -> Overview {
    let agents = try await agents(AgentQuery(limit: Overview.agentLimit)).agents
    let sessions = try await sessions(of: nil).filter { $0.isRecent && $0.isAlive }
    return try await perform { [sql] pool in
      let unread = try await pool.query("SELECT * FROM \(sql.schema).unread_by_agent()").map {
        Overview.Unread(agent: try $0.get("agent"), count: try $0.get("unread"), oldest: try $0.get("oldest"))
      }
      let tasks = try await pool.query(sql.call("open_tasks", arguments: 1, "age, \(SQL.task)"), [.int(Overview.taskLimit)]).map {
        Overview.Task(try BridgeTask($0, "t_").withoutTexts, age: try $0.get("age"))
      }
      let totals = try await pool.query("SELECT * FROM \(sql.schema).totals()").only
      return Overview(
        agents: agents, unread: unread, tasks: tasks, openTasks: try totals.get("open_tasks"), leases: try totals.get("leases"),
        expiredLeases: try totals.get("expired_leases"), sessions: sessions,
        setAside: try await pool.query("SELECT * FROM \(sql.schema).set_aside_by_agent()").map {
          Overview.Unread(agent: try $0.get("agent"), count: try $0.get("messages"), oldest: nil)
        })
    }
  }

  public func removeTraces(of agents: [Identity]) async throws(BridgeError) {
    guard agents.allSatisfy(\.isOfDiagnosis) else { throw BridgeError.notOfDiagnosis(agents) }
    try await perform { [sql] pool in
      try await pool.withTransaction { transaction in
        let side = "sender = ANY($1::text[]) OR recipient = ANY($1::text[])"
        for statement in [
          "DELETE FROM \(sql.leaseItems) WHERE lease IN (SELECT id FROM \(sql.leases) WHERE agent = ANY($1::text[]))",
          "DELETE FROM \(sql.leases) WHERE agent = ANY($1::text[])",
          "DELETE FROM \(sql.messageDetails) WHERE message_id IN (SELECT id FROM \(sql.messages) WHERE \(side))",
          "DELETE FROM \(sql.messages) WHERE \(side)",
          "DELETE FROM \(sql.taskEvents) WHERE task_id IN (SELECT id FROM \(sql.tasks) WHERE \(side))",
          "DELETE FROM \(sql.taskDetails) WHERE task_id IN (SELECT id FROM \(sql.tasks) WHERE \(side))",
          "DELETE FROM \(sql.tasks) WHERE \(side)",
          "DELETE FROM \(sql.instances) WHERE agent = ANY($1::text[])",
          "DELETE FROM \(sql.schema).sessions WHERE agent = ANY($1::text[])",
          "DELETE FROM \(sql.agents) WHERE name = ANY($1::text[])",
        ] {
          try await transaction.query(statement, [.textArray(agents.map(\.name))])
        }
      }
    }
  }
}
