import Bridge
import GRDB

/// What SQL needs to know of a viewer, as the parameter `?2` of the statements that it is used in; `?1` is the agent.
struct ViewerParameter {
  /// JSON. None of its values has to be escaped.
  let text: String

  /// - Parameter lease: the lease under which the viewer waits for a reply.
  init(_ viewer: Viewer, lease: String? = nil, _ timing: StoreTiming, _ db: Database) throws {
    // The sessions of the agent of which this host knows whether they run.
    var (dead, alive) = ([String](), [String]())
    let rows = try db.rows(
      "SELECT stamp, process FROM sessions WHERE agent = ? AND stamp <> ? AND NOT has_ended", [viewer.agent.name, viewer.session])
    while let row = try rows.next() {
      guard let stamp = row.text("stamp"), let process = row.text("process").flatMap(ProcessIdentity.init(encoded:)), process.isVisible
      else { continue }
      if process.isKnownDead { dead.append("\"\(stamp)\"") } else { alive.append("\"\(stamp)\"") }
    }
    text = """
      {"session": "\(viewer.session)", "instance": "\(viewer.instance)", "all": \(viewer.seesAll), "lease": "\(lease ?? "")", \
      "dead": [\(dead.joined(separator: ","))], "alive": [\(alive.joined(separator: ","))], \
      "presence": "\(SQL.offset(.zero - timing.presence))", "reservation": "\(SQL.offset(timing.reservation))", \
      "precedence": "\(SQL.offset(timing.reservation - timing.precedence))", \
      "memory": "\(SQL.offset(.zero - timing.reservation))"}
      """
  }

  /// Whether something is kept for somebody else.
  ///
  /// - Parameters:
  ///   - mark: for whom: the end of an id.
  ///   - until: how long.
  static func keeps(_ mark: String, until: String) -> String {
    let session = "substr(\(mark), 1, \(Stamp.session))"
    return """
      COALESCE(NOT \(field("all")) AND \(until) BETWEEN \(SQL.now) AND \(later("reservation")) AND CASE
        WHEN \(session) = \(field("session"))
          THEN substr(\(mark), \(Stamp.session + 1)) <> \(field("instance")) AND \(until) > \(later("precedence"))
        ELSE EXISTS (SELECT 1 FROM sessions s WHERE s.agent = ?1 AND s.stamp = \(session) AND NOT s.has_ended
          AND s.stamp NOT IN (SELECT value FROM json_each(?2, '$.dead'))
          AND (s.last_seen > \(later("presence")) OR s.stamp IN (SELECT value FROM json_each(?2, '$.alive')))) END, false)
      """
  }

  /// Whether a call waits for the reply to this message.
  static func awaits(replyTo message: String) -> String {
    """
    EXISTS (SELECT 1 FROM lease_items i JOIN leases l ON l.id = i.lease
      WHERE i.kind = 'reply' AND i.id = \(message) AND l.id <> \(field("lease")) AND NOT (l.\(SQL.hasExpired)))
    """
  }

  private static func field(_ name: String) -> String { "json_extract(?2, '$.\(name)')" }
  private static func later(_ name: String) -> String { "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', \(field(name)))" }
}

/// The unread messages of an agent that a viewer does not get, and those that come alone.
struct HeldMessages {
  private(set) var elsewhere = 0
  private(set) var setAside = 0
  /// Rows that are left out.
  private(set) var hidden: [Int64] = []
  /// Rows that come alone.
  private(set) var alone: Set<Int64> = []

  private static let rows = """
    SELECT m.rowid AS row, d.expiries, d.kept_for IS NOT NULL AND (
        \(ViewerParameter.awaits(replyTo: "d.reply_to")) OR \(ViewerParameter.keeps("d.kept_for", until: "d.kept_until"))) AS kept
    FROM message_details d CROSS JOIN messages m ON m.id = d.message_id
    WHERE d.recipient = ?1 AND (d.kept_for IS NOT NULL OR d.expiries >= 3) AND m.recipient = ?1 AND COALESCE(m.read, 0) = 0
      AND (?3 IS NULL OR m.sender = ?3)
    """

  init(_ viewer: ViewerParameter, of agent: Identity, from sender: String? = nil, _ db: Database) throws {
    let rows = try db.rows(Self.rows, [agent.name, viewer.text, sender])
    while let row = try rows.next() {
      let expiries: Int = row["expiries"]
      if expiries >= ExpiredLeases.setAside {
        setAside += 1
      } else if row.flag("kept") {
        elsewhere += 1
      } else {
        if expiries >= ExpiredLeases.alone { alone.insert(row["row"]) }
        continue
      }
      hidden.append(row["row"])
    }
  }

  /// For `json_each`.
  var list: String { "[\(hidden.map(String.init).joined(separator: ","))]" }
}

extension SQLiteStore {
  // MARK: Set aside

  private static let aside = "COALESCE(m.read, 0) = 0 AND d.expiries >= \(ExpiredLeases.setAside)"

  public func setAside(of agent: Identity) async throws(BridgeError) -> [Message] {
    try await read { db in
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT \(SQL.messageColumns) FROM message_details d CROSS JOIN messages m ON m.id = d.message_id
            WHERE d.recipient = ?1 AND (d.kept_for IS NOT NULL OR d.expiries >= 3) AND m.recipient = ?1 AND \(Self.aside) ORDER BY m.rowid
            """), arguments: [agent.name])
      return rows.map { Message(fieldsOf: $0).excerpted }
    }
  }

  /// How many each agent has.
  static func setAside(_ db: Database) throws -> [Overview.Unread] {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT m.recipient, COUNT(*) AS count FROM message_details d CROSS JOIN messages m ON m.id = d.message_id
          WHERE (d.kept_for IS NOT NULL OR d.expiries >= 3) AND \(aside) GROUP BY m.recipient ORDER BY m.recipient
          """))
    return rows.map { Overview.Unread(agent: $0.text("recipient") ?? "", count: $0["count"], oldest: nil) }
  }

  public func deliverAgain(_ id: String, to agent: Identity) async throws(BridgeError) -> Bool {
    try await write(wakes: \.self) { db in
      let id = try IDReference(id, field: "id", to: .message).storedID(for: agent.name, db)
      try db.run(
        """
        UPDATE message_details AS d SET expiries = 0 WHERE message_id = ?1
          AND EXISTS (SELECT 1 FROM messages m WHERE m.id = ?1 AND m.recipient = ?2 AND \(Self.aside))
        """, [id, agent.name])
      return db.changesCount > 0
    }
  }

  // MARK: Sessions

  /// Sessions of which nothing was heard for longer are forgotten.
  private static let memory = Duration.seconds(3600)

  static func touchSession(of instance: Instance, _ db: Database) throws {
    guard let session = instance.session else { return }
    try db.run(
      """
      INSERT INTO sessions (agent, stamp, name, process, client, last_seen) VALUES (?, ?, ?, ?, ?, \(SQL.now))
      ON CONFLICT (agent, stamp) DO UPDATE SET last_seen = excluded.last_seen, client = COALESCE(excluded.client, client), has_ended = 0
      """, [instance.agent.name, session.stamp, session.name, session.process?.encoded ?? "", instance.client])
    try db.run(
      "DELETE FROM sessions WHERE agent = ? AND last_seen NOT BETWEEN \(SQL.later) AND \(SQL.later)",
      [instance.agent.name, SQL.offset(.zero - memory), SQL.offset(memory)])
  }

  static func endSession(of instance: Instance, _ db: Database) throws {
    guard let session = instance.session else { return }
    try db.run("UPDATE sessions SET has_ended = 1 WHERE agent = ? AND stamp = ?", [instance.agent.name, session.stamp])
    try db.run(
      "UPDATE task_details SET held_until = '' WHERE holder IS NOT NULL AND (holder = ? OR holder_session = ?)",
      [instance.id, session.stamp])
  }

  public func sessions(of agent: Identity?) async throws(BridgeError) -> [SessionSummary] {
    try await glance { [presence = timing.presence] db in try Self.sessions(of: agent?.name, within: presence, db) }
  }

  /// How many sessions of an agent run.
  static func runningSessions(of agent: String, within presence: Duration, _ db: Database) throws -> Int {
    let processes = try String.fetchAll(
      db.cachedStatement(
        sql: "SELECT process FROM sessions WHERE agent = ? AND NOT has_ended AND last_seen BETWEEN \(SQL.later) AND \(SQL.later)"),
      arguments: [agent, SQL.offset(.zero - presence), SQL.offset(presence)])
    return processes.count { !Presence.hasEnded($0) }
  }

  static func sessions(of agent: String?, within presence: Duration, _ db: Database) throws -> [SessionSummary] {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT *, last_seen BETWEEN \(SQL.later) AND \(SQL.later) AS is_recent FROM sessions \(agent == nil ? "" : "WHERE agent = ?")
          ORDER BY agent, name, stamp
          """), arguments: [SQL.offset(.zero - presence), SQL.offset(presence)] + (agent.map { [$0] } ?? []))
    return rows.map { row in
      SessionSummary(
        agent: row.text("agent") ?? "", stamp: row.text("stamp") ?? "", name: row.text("name") ?? "", client: row.text("client"),
        process: row.text("process") ?? "", isRecent: row.flag("is_recent"), hasEnded: row.flag("has_ended"))
    }
  }
}
