import Bridge
import GRDB

/// Who is known, and who is there.
struct Presence: Sendable {
  /// The time of the oldest sign of life that counts, as an offset from now.
  let oldest: String

  init(timing: StoreTiming) { oldest = SQL.offset(.zero - timing.presence) }

  /// - Throws: `unknownRecipient` with the names that exist.
  func requireKnown(_ agent: Identity, _ db: Database) throws {
    if Identity.wellKnown.contains(agent) { return }
    let known = try Row.fetchAll(db.cachedStatement(sql: "SELECT name FROM agents")).compactMap { $0.text("name") }
    guard !known.contains(agent.name) else { return }
    throw BridgeError.unknownRecipient(agent, known: Array(Set(known).union(Identity.wellKnown.map(\.name))))
  }

  func isOnline(_ agent: Identity, _ db: Database) throws -> Bool { Self.isAnyAlive(try processes(of: agent, db)) }

  /// The processes of an agent that have given a sign of life, as they are in the table.
  func processes(of agent: Identity, _ db: Database) throws -> [String?] {
    try Row.fetchAll(
      db.cachedStatement(sql: "SELECT process FROM instances WHERE agent = ? AND last_seen >= \(SQL.later)"),
      arguments: [agent.name, oldest]
    ).map { $0.text("process") }
  }

  /// Asks the system: not to be done while others wait for a transaction.
  static func isAnyAlive(_ processes: [String?]) -> Bool {
    processes.contains { $0.flatMap(ProcessIdentity.init(encoded:))?.isKnownDead != true }
  }
}

extension SQLiteStore {
  var presence: Presence { Presence(timing: timing) }

  public func agents() async throws(BridgeError) -> [AgentSummary] {
    try await read { [presence] db in
      let rows = try Row.fetchAll(db.cachedStatement(sql: "SELECT name, last_seen, host, client FROM agents"))
      var known = [String: Row]()
      for row in rows { if let name = row.text("name") { known[name] = row } }
      return try Set(known.keys).union(Identity.wellKnown.map(\.name)).sorted().map { name in
        let row = known[name]
        return AgentSummary(
          name: name, online: try (try? Identity(name)).map { try presence.isOnline($0, db) } ?? false, lastSeen: row?.text("last_seen"),
          host: row?.text("host"), client: row?.text("client"),
          unreadMessages: try Int.fetchOne(
            db.cachedStatement(sql: "SELECT COUNT(*) FROM messages m WHERE m.recipient = ? AND COALESCE(m.read, 0) = 0"),
            arguments: [name]) ?? 0,
          openTasks: try Int.fetchOne(
            db.cachedStatement(
              sql: "SELECT COUNT(*) FROM tasks WHERE recipient = ? AND COALESCE(status, '') NOT IN ('completed', 'failed')"),
            arguments: [name]) ?? 0)
      }
    }
  }

  public func addAgent(_ agent: Identity) async throws(BridgeError) {
    let known = try await read { db in
      try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM agents WHERE name = ?)"), arguments: [agent.name])
    }
    guard known != true else { return }
    try await write(.never) { db in
      try db.execute(sql: "INSERT INTO agents (name, added_at) VALUES (?, \(SQL.now)) ON CONFLICT DO NOTHING", arguments: [agent.name])
    }
  }

  public func heartbeat(_ instance: Instance) async throws(BridgeError) {
    let claim = SQL.offset(timing.claim)
    let forgotten = SQL.offset(.zero - timing.presence * 4)
    try await write(.never, outliving: .processes) { db in
      try db.cachedStatement(
        sql: """
          INSERT INTO instances (id, agent, host, process, client, last_seen) VALUES (?, ?, ?, ?, ?, \(SQL.now))
          ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen, client = excluded.client
          """
      ).execute(
        arguments: [instance.id, instance.agent.name, instance.host, instance.process.encoded, instance.client])
      try Self.touchAgent(instance, db)
      try db.cachedStatement(sql: "UPDATE task_details SET held_until = \(SQL.later) WHERE holder = ?")
        .execute(arguments: [claim, instance.id])
      try db.cachedStatement(sql: "DELETE FROM instances WHERE last_seen < \(SQL.later)").execute(arguments: [forgotten])
    }
    indexLater()
  }

  public func signOff(_ instance: Instance) async throws(BridgeError) {
    try await write(.never, outliving: .processes) { db in
      try db.execute(sql: "DELETE FROM instances WHERE id = ?", arguments: [instance.id])
      try Self.touchAgent(instance, db)
      try db.execute(sql: "UPDATE task_details SET held_until = '' WHERE holder = ?", arguments: [instance.id])
    }
  }

  private static func touchAgent(_ instance: Instance, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO agents (name, added_at, last_seen, host, client) SELECT ?, now, now, ?, ? FROM (SELECT \(SQL.now) AS now) WHERE true
        ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = COALESCE(excluded.client, client)
        """
    ).execute(arguments: [instance.agent.name, instance.host, instance.client])
  }
}
