import Bridge
import PostgresClient

extension PostgresStore {
  public func exists() async throws(BridgeError) -> Bool {
    do { return try await migrator.status().present > 0 } catch { throw storeError(error, of: pool.settings) }
  }

  public func archiveIdentity() async throws(BridgeError) -> String {
    try await requireAll()
    let name = schema.name
    return try await perform { pool in
      let row = try await pool.query(
        """
        SELECT pg_postmaster_start_time()::text || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database())
          || ' ' || (SELECT oid FROM pg_namespace WHERE nspname = $1)
        """, [.text(name)]
      ).first
      return "postgres \(try row?.get(0, as: String.self) ?? "")"
    }
  }

  /// A login for one agent would see, without any error, only what is that agent's.
  func requireAll() async throws(BridgeError) {
    let (tables, place) = (sql.allTables, pool.settings.redactedDescription)
    try await perform { pool in
      let isKeptOut = try await pool.query(
        "SELECT bool_or(row_security_active(name)) FROM unnest($1::text[]) AS name", [.textArray(tables)])
      guard try isKeptOut.first?.get(0, as: Bool?.self) == true else { return }
      throw BridgeError(
        .notAllowed,
        "This login sees only a part of the store in \(place) (row-level security), so nothing was done: use the role that owns its tables."
      )
    }
  }

  public func archiveTotals() async throws(BridgeError) -> ArchiveTotals {
    try await perform { [sql] pool in
      let counts = [sql.messages, sql.tasks, sql.agents].map { "(SELECT count(*) FROM \($0))" }.joined(separator: ", ")
      let row = try await pool.query("SELECT \(counts)").first
      return ArchiveTotals(messages: try row?.get(0) ?? 0, tasks: try row?.get(1) ?? 0, agents: try row?.get(2) ?? 0)
    }
  }

  public func archivedMessages(after place: Int64?, limit: Int) async throws(BridgeError) -> ArchivePage<ArchivedMessage> {
    try await perform { [sql] pool in
      let rows = try await pool.query(
        """
        \(sql.archivedMessages) WHERE m.seq IN (\(sql.nextRows(of: sql.messages, bytes: "COALESCE(octet_length(content), 0)")))
        ORDER BY m.seq
        """, Self.page(place, limit))
      return ArchivePage(records: try rows.map { try ArchivedMessage($0, isSource: true) }, next: try rows.last?.get("seq"))
    }
  }

  public func archivedTasks(after place: Int64?, limit: Int) async throws(BridgeError) -> ArchivePage<ArchivedTask> {
    try await perform { [sql] pool in
      let bytes =
        "COALESCE(octet_length(description), 0) + COALESCE(octet_length(result), 0)"
        + " + (SELECT COALESCE(sum(octet_length(e.note)), 0) FROM \(sql.taskEvents) e WHERE e.task_id = \(sql.tasks).id)"
      let rows = try await pool.query(
        "\(sql.archivedTasks) WHERE t.seq IN (\(sql.nextRows(of: sql.tasks, bytes: bytes))) ORDER BY t.seq", Self.page(place, limit))
      let tasks = try await self.withEvents(try rows.map { try ArchivedTask($0, isSource: true) }, pool)
      return ArchivePage(records: tasks, next: try rows.last?.get("seq"))
    }
  }

  private static func page(_ place: Int64?, _ limit: Int) -> [PostgresParameter] {
    [.int(place ?? .min), .int(limit), .int(ArchiveLimits.pageBytes)]
  }

  private func withEvents(_ tasks: [ArchivedTask], _ executor: some PostgresExecutor) async throws -> [ArchivedTask] {
    let rows = try await executor.query(
      """
      SELECT task_id, \(SQL.rfc3339("at")) AS at, actor, instance, from_status, to_status, note
      FROM \(sql.taskEvents) WHERE task_id = ANY($1::text[]) ORDER BY seq
      """, [.textArray(tasks.map(\.id.portableID))])
    var events = [ArchivedText: [ArchivedEvent]]()
    for row in rows {
      events[ArchivedText(try row.get("task_id", as: String.self)), default: []].append(
        ArchivedEvent(
          at: try row.get("at"), actor: try row.get("actor"), instance: try row.get("instance"), from: try row.get("from_status"),
          to: try row.get("to_status"), note: try row.get("note")))
    }
    return tasks.map { task in
      var task = task
      task.events = events[task.key] ?? []
      return task
    }
  }

  public func archivedAgents() async throws(BridgeError) -> [ArchivedAgent] {
    try await perform { [sql] pool in
      try await pool.query(
        """
        SELECT name, \(SQL.rfc3339("added_at")) AS added_at, \(SQL.rfc3339("last_seen")) AS last_seen, host, client
        FROM \(sql.agents) AS a ORDER BY a.added_at, name
        """
      ).map { row in
        ArchivedAgent(
          name: try row.get("name"), addedAt: try row.get("added_at"), lastSeen: try row.get("last_seen"), host: try row.get("host"),
          client: try row.get("client"))
      }
    }
  }

  public func counterparts(of messages: [ArchivedMessage]) async throws(BridgeError) -> [ArchivedText: ArchivedMessage] {
    try await perform { pool in try await self.counterparts(of: messages, pool).mapValues(\.record) }
  }

  public func counterparts(of tasks: [ArchivedTask]) async throws(BridgeError) -> [ArchivedText: ArchivedTask] {
    try await perform { pool in try await self.counterparts(of: tasks, pool).mapValues(\.record) }
  }

  /// A record and where it stands.
  struct Archived<Record: Sendable>: Sendable {
    var seq: Int64
    var record: Record
    var hasID: Bool
  }

  func counterparts(
    of messages: [ArchivedMessage], _ executor: some PostgresExecutor
  ) async throws -> [ArchivedText: Archived<ArchivedMessage>] {
    try await counterparts(of: messages, sql.archivedMessages, "m", executor) { rows in
      try rows.map { try ArchivedMessage($0, isSource: false) }
    }
  }

  func counterparts(
    of tasks: [ArchivedTask], _ executor: some PostgresExecutor
  ) async throws -> [ArchivedText: Archived<ArchivedTask>] {
    try await counterparts(of: tasks, sql.archivedTasks, "t", executor) { rows in
      try await self.withEvents(try rows.map { try ArchivedTask($0, isSource: false) }, executor)
    }
  }

  private func counterparts<Record: ArchiveRecord>(
    of records: [Record], _ select: String, _ alias: String, _ executor: some PostgresExecutor,
    _ read: (PostgresRows) async throws -> [Record]
  ) async throws -> [ArchivedText: Archived<Record>] {
    let keys = records.map(\.key)
    var found = [ArchivedText: Archived<Record>]()
    func add(_ rows: PostgresRows) async throws {
      for (row, record) in zip(rows, try await read(rows)) where found[record.key] == nil {
        found[record.key] = Archived(seq: try row.get("seq"), record: record, hasID: !row.isNull("id"))
      }
    }
    try await add(executor.query("\(select) WHERE \(alias).id = ANY($1::text[])", [.textArray(keys.map(\.portable))]))
    if keys.contains(where: { DerivedID.mayBe($0) && found[$0] == nil }) {
      try await add(executor.query("\(select) WHERE \(alias).id IS NULL"))
    }
    return found
  }
}
