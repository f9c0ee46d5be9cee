import Bridge
import GRDB

extension SQLiteStore {
  /// The recent processes of an agent. Whether they run is decided outside of the transaction: it asks the system.
  static func processes(of agent: String, since offset: String, _ db: Database) throws -> [String?] {
    try Array(
      db.rows("SELECT process FROM instances WHERE agent = ? AND last_seen >= \(SQL.later)", [agent, offset]).map { $0.text("process") })
  }

  /// The oldest heartbeat that counts, as an offset from now.
  var oldestHeartbeat: String { SQL.offset(.zero - timing.presence) }

  /// - Throws: `unknownRecipient`.
  static func requireExistence(of recipient: Identity, _ db: Database) throws {
    try recipient.requireExistence { try Array(db.rows("SELECT name FROM agents").compactMap { $0.text("name") }) }
  }

  public func agents() async throws(BridgeError) -> [AgentSummary] {
    try await read { [oldestHeartbeat] db in
      let rows = try Row.fetchAll(db.cachedStatement(sql: "SELECT name, last_seen, host, client FROM agents"))
      let known = Dictionary(rows.compactMap { row in row.text("name").map { ($0, row) } }) { first, _ in first }
      return try Identity.existing(known.keys).map { name in
        let row = known[name]
        return AgentSummary(
          name: name, online: Presence.isOnline(try Self.processes(of: name, since: oldestHeartbeat, db)), lastSeen: row?.text("last_seen"),
          host: row?.text("host"), client: row?.text("client"),
          unreadMessages: try db.count(of: "messages m WHERE m.recipient = ? AND COALESCE(m.read, 0) = 0", [name]),
          openTasks: try db.count(of: "tasks t WHERE t.recipient = ? AND \(SQL.isOpen)", [name]))
      }
    }
  }

  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    if try await read({ try $0.exists("agents WHERE name = ?", [agent.name]) }) { return }
    try await write { db in
      try db.run("INSERT INTO agents (name, added_at) VALUES (?, \(SQL.now)) ON CONFLICT DO NOTHING", [agent.name])
    }
  }

  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    let claim = SQL.offset(timing.claim)
    let forgotten = SQL.offset(.zero - timing.presence * 4)
    try await write(durable: false) { db in
      try db.run(
        """
        INSERT INTO instances (id, agent, host, process, client, last_seen) VALUES (?, ?, ?, ?, ?, \(SQL.now))
        ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen, client = excluded.client
        """, [instance.id, instance.agent.name, instance.host, instance.process.encoded, instance.client])
      try Self.touchAgent(instance, db)
      try db.run("UPDATE task_details SET held_until = \(SQL.later) WHERE holder = ?", [claim, instance.id])
      try db.run("DELETE FROM instances WHERE last_seen < \(SQL.later)", [forgotten])
    }
    indexLater()
  }

  public func signOff(_ instance: Instance) async throws(BridgeError) {
    try await write(durable: false) { db in
      try db.run("DELETE FROM instances WHERE id = ?", [instance.id])
      try Self.touchAgent(instance, db)
      try db.run("UPDATE task_details SET held_until = '' WHERE holder = ?", [instance.id])
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
