import Bridge
import PostgresClient

extension PostgresStore {
  public func exists() async throws(BridgeError) -> Bool {
    do { return try await readiness.exists() } catch { throw storeError(error, of: pool.settings) }
  }

  public func archiveIdentity() async throws(BridgeError) -> String {
    try await requireAll()
    let name = schema.name
    return try await perform(limited: false) { pool in
      let row = try await pool.query(
        """
        SELECT pg_postmaster_start_time()::text || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database())
          || ' ' || (SELECT oid FROM pg_namespace WHERE nspname = $1)
        """, [.text(name)]
      ).first
      return "postgres \(try row?.get(0, as: String.self) ?? "")"
    }
  }

  /// Refuses logins that can only call functions.
  func requireAll() async throws(BridgeError) {
    let (table, place) = (sql.messages, pool.settings.redactedDescription)
    try await perform(limited: false) { pool in
      let mayRead = try await pool.query("SELECT has_table_privilege($1, 'SELECT')", [.text(table)])
      guard try mayRead.first?.get(0, as: Bool.self) == false else { return }
      throw BridgeError(
        .notAllowed,
        "This login has no right on the tables of the store in \(place), so nothing was done: use the role that owns them.")
    }
  }

  public func archiveTotals() async throws(BridgeError) -> ArchiveTotals {
    try await requireAll()
    return try await perform(limited: false) { [sql] pool in
      let counts = [sql.messages, sql.tasks, sql.agents].map { "(SELECT count(*) FROM \($0))" }.joined(separator: ", ")
      let row = try await pool.query("SELECT \(counts)").first
      return ArchiveTotals(messages: try row?.get(0) ?? 0, tasks: try row?.get(1) ?? 0, agents: try row?.get(2) ?? 0)
    }
  }

  public func archived<Record: ArchiveRecord>(
    _ type: Record.Type, after place: Int64?, limit: Int
  ) async throws(BridgeError) -> ArchivePage<Record> {
    try await perform(limited: false) { [sql] pool in
      let seq = "\(Record.tables.alias).seq"
      let rows = try await pool.query(
        "\(sql.select(type)) WHERE \(seq) IN (\(sql.nextRows(type))) ORDER BY \(seq)",
        [.int(place ?? .min), .int(limit), .int(ArchiveLimits.pageBytes)])
      let records = try zip(rows, try await self.stored(type, in: rows, pool)).map { row, stored in
        var record = stored.record
        for item in Record.leaseItems where try row.get("\(item.rawValue)_leased", as: Bool.self) { record.giveBack(item) }
        return record
      }
      return ArchivePage(records: records, next: try rows.last?.get("seq"))
    }
  }

  public func archivedAgents() async throws(BridgeError) -> [ArchivedAgent] {
    try await perform(limited: false) { [sql] pool in
      try await pool.query("SELECT \(ArchivedAgent.selected(from: "a")) FROM \(sql.agents) AS a ORDER BY a.added_at, name")
        .map { try ArchivedAgent(fieldsOf: $0) }
    }
  }

  public func counterparts<Record: ArchiveRecord>(of records: [Record]) async throws(BridgeError) -> [ArchivedText: Record] {
    try await perform(limited: false) { pool in try await self.stored(counterpartsOf: records, pool).mapValues(\.record) }
  }
}
