import Bridge
import PostgresClient

extension PostgresStore {
  public func overview() async throws(BridgeError) -> Overview {
    let agents = try await agents()
    return try await perform { [sql] pool in
      func age(_ column: String) -> String {
        "extract(epoch FROM clock_timestamp() - \(sql.schema).time_of(\(column)))::float8"
      }
      let unread = try await pool.query(
        """
        SELECT recipient, count(*) AS count, max(\(age("created_at"))) AS oldest FROM \(sql.messages)
        WHERE COALESCE(read, 0) = 0 AND recipient IS NOT NULL GROUP BY recipient ORDER BY recipient COLLATE "C"
        """
      ).map { Overview.Unread(agent: try $0.get("recipient"), count: try $0.get("count"), oldest: try $0.get("oldest")) }
      let isOpen = "COALESCE(t.status, '') NOT IN ('completed', 'failed')"
      let tasks = try await pool.query(
        """
        SELECT t.*, \(age("t.created_at")) AS age FROM \(sql.taskRecords) t WHERE \(isOpen) ORDER BY t.seq LIMIT $1
        """, [.int(Overview.taskLimit)]
      ).map { Overview.Task(try BridgeTask($0).withoutTexts, age: try $0.get("age")) }
      let counts = try await pool.query(
        """
        SELECT (SELECT count(*) FROM \(sql.tasks) t WHERE \(isOpen)) AS tasks, (SELECT count(*) FROM \(sql.leases)) AS leases,
          (SELECT count(*) FROM \(sql.leases) WHERE expires_at < clock_timestamp()) AS expired
        """
      ).first
      return Overview(
        agents: agents, unread: unread, tasks: tasks, openTasks: try counts?.get("tasks") ?? 0, leases: try counts?.get("leases") ?? 0,
        expiredLeases: try counts?.get("expired") ?? 0)
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
          "DELETE FROM \(sql.agents) WHERE name = ANY($1::text[])",
        ] {
          try await transaction.query(statement, [.textArray(agents.map(\.name))])
        }
      }
    }
  }
}
