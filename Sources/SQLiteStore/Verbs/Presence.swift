import Bridge
import GRDB

extension SQLiteStore {
  /// The recent processes of an agent. Whether they run is decided outside of the transaction: it asks the system.
  static func processes(of agent: String, within presence: Duration, _ db: Database) throws -> [String?] {
    // A heartbeat in the future was sent before the clock was set back.
    let rows = try db.rows(
      "SELECT process FROM instances WHERE agent = ? AND last_seen BETWEEN \(SQL.later) AND \(SQL.later)",
      [agent, SQL.offset(.zero - presence), SQL.offset(presence)])
    return try Array(rows.map { $0.text("process") })
  }

  /// - Throws: `unknownRecipient`.
  static func requireExistence(of recipient: Identity, _ db: Database) throws {
    if try recipient.isWellKnown || db.exists("agents WHERE name = ?", [recipient.name]) { return }
    throw BridgeError.unknownRecipient(recipient, known: try Array(db.rows("SELECT name FROM agents").compactMap { $0.text("name") }))
  }

  public func agents(_ query: AgentQuery) async throws(BridgeError) -> AgentPage {
    try await read { [presence = timing.presence] db in
      let always = Identity.wellKnown.map { "'\($0)'" }.joined(separator: ", ")
      let known = """
        (SELECT name, last_seen, host, client FROM agents UNION ALL
          SELECT value, NULL, NULL, NULL FROM json_each(json_array(\(always))) WHERE value NOT IN (SELECT name FROM agents))
        WHERE substr(CAST(name AS TEXT), 1, length(?1)) = ?1
        """
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT * FROM \(known)
            ORDER BY name IS ?2 DESC, name IN (\(always)) DESC, last_seen DESC, name LIMIT ?3
            """), arguments: [query.beginning, query.own?.name, query.limit])
      let agents = try rows.map { row in
        let name = row.text("name") ?? ""
        return AgentSummary(
          name: name, online: Presence.isOnline(try Self.processes(of: name, within: presence, db)), lastSeen: row.text("last_seen"),
          host: row.text("host"), client: row.text("client"),
          unreadMessages: try db.count(of: "messages m WHERE m.recipient = ? AND COALESCE(m.read, 0) = 0", [name], upTo: Limits.countLimit),
          openTasks: try db.count(of: "tasks t WHERE t.recipient = ? AND \(SQL.isOpen)", [name], upTo: Limits.countLimit),
          sessions: try Self.runningSessions(of: name, within: presence, db))
      }
      return AgentPage(agents: agents.sorted { $0.name < $1.name }, remaining: try db.count(of: known, [query.beginning]) - agents.count)
    }
  }

  public func removeAgent(_ agent: Identity, force: Bool) async throws(BridgeError) -> Bool {
    try await write { db in
      if !force, try db.exists("messages m WHERE m.recipient = ? AND COALESCE(m.read, 0) = 0", [agent.name]) { return false }
      for rows in ["instances WHERE agent = ?", "sessions WHERE agent = ?", "agents WHERE name = ?"] {
        try db.run("DELETE FROM \(rows)", [agent.name])
      }
      return true
    }
  }

  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    if try await glance({ try $0.exists("agents WHERE name = ?", [agent.name]) }) { return }
    try await write { db in
      try db.run("INSERT INTO agents (name, added_at) VALUES (?, \(SQL.now)) ON CONFLICT DO NOTHING", [agent.name])
    }
  }

  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    let claim = SQL.offset(timing.claim)
    let forgotten: StatementArguments = [instance.agent.name, SQL.offset(.zero - timing.presence * 4), SQL.offset(timing.presence * 4)]
    let rows = try await write(durable: false, settles: false) { db in
      try db.run(
        """
        INSERT INTO instances (id, agent, host, process, client, last_seen) VALUES (?, ?, ?, ?, ?, \(SQL.now))
        ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen, client = excluded.client
        """, [instance.id, instance.agent.name, instance.host, instance.process.encoded, instance.client])
      try Self.touchAgent(instance, db)
      try Self.touchSession(of: instance, db)
      try db.run(
        "UPDATE task_details SET held_until = \(SQL.later) WHERE holder IS NOT NULL AND (holder = ? OR holder_session = ?)",
        [claim, instance.id, instance.session?.stamp])
      try db.run("DELETE FROM instances WHERE agent = ? AND last_seen NOT BETWEEN \(SQL.later) AND \(SQL.later)", forgotten)
      return try LastRows(db)
    }
    connections.found(rows)
    indexLater()
  }

  public func signOff(_ instance: Instance, endsSession: Bool) async throws(BridgeError) {
    _ = try await write(durable: false, settles: false, wakes: \.self) { db in
      try db.run("DELETE FROM instances WHERE id = ?", [instance.id])
      try Self.touchAgent(instance, db)
      if endsSession { try Self.endSession(of: instance, db) }
      return endsSession
    }
  }

  private static func touchAgent(_ instance: Instance, _ db: Database) throws {
    try db.run(
      """
      INSERT INTO agents (name, added_at, last_seen, host, client) SELECT ?, now, now, ?, ? FROM (SELECT \(SQL.now) AS now) WHERE true
      ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = COALESCE(excluded.client, client)
      """, [instance.agent.name, instance.host, instance.client])
  }
}
