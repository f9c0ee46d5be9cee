import Bridge
import PostgresClient

extension PostgresStore {
  public func agents() async throws(BridgeError) -> [AgentSummary] {
    let presence = timing.presence.inSeconds
    return try await perform { [sql] pool in
      try await pool.query(
        """
        SELECT names.name, \(SQL.rfc3339("a.last_seen")) AS last_seen, a.host, a.client,
          (\(sql.runningProcesses(of: "names.name", within: "$2"))) AS processes,
          (SELECT count(*) FROM \(sql.messages) WHERE recipient = names.name AND COALESCE(read, 0) = 0) AS unread,
          (SELECT count(*) FROM \(sql.tasks)
            WHERE recipient = names.name AND COALESCE(status, '') NOT IN ('completed', 'failed')) AS open
        FROM (SELECT name FROM \(sql.agents) UNION SELECT unnest($1::text[])) AS names (name)
        LEFT JOIN \(sql.agents) a ON a.name = names.name ORDER BY names.name COLLATE "C"
        """, [.textArray(Identity.wellKnown.map(\.name)), .double(presence)]
      ).map { row in
        AgentSummary(
          name: try row.get("name"), online: Presence.isOnline(try row.get("processes", as: [String].self)),
          lastSeen: try row.get("last_seen"),
          host: try row.get("host"), client: try row.get("client"), unreadMessages: try row.get("unread"), openTasks: try row.get("open"))
      }
    }
  }

  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    _ = try await perform { [sql] pool in
      try await pool.query("INSERT INTO \(sql.agents) (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", [.text(agent.name)])
    }
  }

  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    let (claim, presence) = (timing.claim.inSeconds, timing.presence.inSeconds)
    _ = try await perform { [sql, idle] _ in
      try await idle.query(
        """
        WITH seen AS (
          INSERT INTO \(sql.instances) (id, agent, host, process, client, last_seen) VALUES ($1, $2, $3, $4, $5, clock_timestamp())
          ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen, client = excluded.client
        ), claimed AS (
          UPDATE \(sql.taskDetails) SET held_until = \(SQL.later("$6"))
          WHERE task_id IN (SELECT task_id FROM \(sql.taskDetails) WHERE holder = $1 FOR UPDATE SKIP LOCKED)
        ), forgotten AS (
          DELETE FROM \(sql.instances) WHERE last_seen < \(SQL.later("-4 * $7")) AND id <> $1
        )
        \(Self.touchAgent(sql))
        """,
        [
          .text(instance.id), .text(instance.agent.name), .text(instance.host), .text(instance.process.encoded), .optional(instance.client),
          .double(claim), .double(presence),
        ])
    }
  }

  public func signOff(_ instance: Instance) async throws(BridgeError) {
    _ = try await perform { [sql] pool in
      try await pool.query(
        """
        WITH gone AS (
          DELETE FROM \(sql.instances) WHERE id = $1
        ), released AS (
          UPDATE \(sql.taskDetails) SET held_until = '-infinity' WHERE holder = $1
        )
        \(Self.touchAgent(sql))
        """,
        [.text(instance.id), .text(instance.agent.name), .text(instance.host), .null, .optional(instance.client)])
    }
  }

  private static func touchAgent(_ sql: SQL) -> String {
    """
    INSERT INTO \(sql.agents) AS a (name, last_seen, host, client)
    SELECT $2::text, clock_timestamp(), $3::text, $5::text WHERE $4::text IS NULL OR true
    ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = COALESCE(excluded.client, a.client)
    """
  }
}
