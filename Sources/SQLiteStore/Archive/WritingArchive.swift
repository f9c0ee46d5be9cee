import Bridge
import GRDB

extension SQLiteStore {
  /// The outcome, and whether an agent has to be woken.
  private struct Written: Sendable {
    var outcome = ArchiveOutcome()
    var isNews = false
  }

  public func write<Record: ArchiveRecord>(_ records: [Record]) async throws(BridgeError) -> ArchiveOutcome {
    try await write(.when(\.isNews)) { db in
      let plan = ArchivePlan(records, present: try StoredRecord.counterparts(of: records, db))
      var written = Written(isNews: plan.isNews)
      for record in plan.missing { try Self.insert(record, &written.outcome, db) }
      for change in plan.changes { try Self.update(change, &written.outcome, db) }
      return written
    }.outcome
  }

  private static func insert<Record: ArchiveRecord>(_ record: Record, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    let (tables, columns) = (Record.tables, Record.columns)
    try db.cachedStatement(
      sql: """
        INSERT INTO \(tables.name) (\(columns.map(\.column).joined(separator: ", ")))
        VALUES (\(columns.map { $0.placeholder(for: record) }.joined(separator: ", ")))
        """
    ).execute(arguments: StatementArguments(columns.map { $0.databaseValue(in: record) }))
    // Removes details of a former record with this id.
    try db.cachedStatement(sql: "DELETE FROM \(tables.details) WHERE \(tables.id) = \(record.id.placeholder)")
      .execute(arguments: [record.id.databaseValue])
    try writeDetails(of: record, &outcome, db)
    outcome.added += 1
  }

  private static func update<Record>(_ change: ArchivePlan<Record>.Change, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    if change.changesState {
      let columns = Record.stateColumns
      let places = columns.map { "\($0.column) = \($0.placeholder(for: change.record))" }.joined(separator: ", ")
      try db.cachedStatement(sql: "UPDATE \(Record.tables.name) SET \(places) WHERE rowid = ?").execute(
        arguments: StatementArguments(columns.map { $0.databaseValue(in: change.record) } + [change.row.databaseValue]))
    }
    if change.hasID { try writeDetails(of: change.record, &outcome, db) }
    outcome.updated += 1
  }

  /// Writes the details and the history, which replace the ones that triggers have created.
  private static func writeDetails<Record: ArchiveRecord>(of record: Record, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    guard record.hasDetails else { return }
    var record = record
    if try isKeyTaken(of: record, db) {
      record.idempotencyKey = nil
      outcome.keysTaken += 1
    }
    let (tables, details) = (Record.tables, Record.details)
    let updates = details.map { field in
      let new = "excluded.\(field.column)"
      return "\(field.column) = " + (field.traits.contains(.kept) ? "COALESCE(\(new), \(field.column))" : new)
    }
    try db.cachedStatement(
      sql: """
        INSERT INTO \(tables.details) (\(tables.id), sender, \(details.map(\.column).joined(separator: ", ")))
        VALUES (\(record.id.placeholder), ?\(String(repeating: ", ?", count: details.count)))
        ON CONFLICT (\(tables.id)) DO UPDATE SET sender = COALESCE(excluded.sender, sender), \(updates.joined(separator: ", "))
        """
    ).execute(
      arguments: StatementArguments(
        [record.id.databaseValue, record.keyOwner?.databaseValue ?? .null] + details.map { $0.databaseValue(in: record) }))
    if let events = tables.events { try write(record.events, of: record, into: events, db) }
  }

  private static func write<Record: ArchiveRecord>(
    _ events: [ArchivedEvent], of record: Record, into table: String, _ db: Database
  ) throws {
    let (id, columns) = (Record.tables.id, ArchivedEvent.columns)
    try db.cachedStatement(sql: "DELETE FROM \(table) WHERE \(id) = \(record.id.placeholder)").execute(arguments: [record.id.databaseValue])
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO \(table) (\(id), \(columns.map(\.column).joined(separator: ", ")))
        VALUES (\(record.id.placeholder)\(String(repeating: ", ?", count: columns.count)))
        """)
    for event in events {
      try insert.execute(arguments: StatementArguments([record.id.databaseValue] + columns.map { $0.databaseValue(in: event) }))
    }
  }

  /// Whether another record has the sender's idempotency key.
  private static func isKeyTaken<Record: ArchiveRecord>(of record: Record, _ db: Database) throws -> Bool {
    guard let key = record.idempotencyKey, let owner = record.keyOwner else { return false }
    let (table, id) = (Record.tables.details, Record.tables.id)
    let sql =
      "SELECT EXISTS (SELECT 1 FROM \(table) WHERE sender = ? AND idempotency_key = ? AND \(id) <> \(record.id.placeholder))"
    return try Bool.fetchOne(
      db.cachedStatement(sql: sql), arguments: [owner.databaseValue, key.databaseValue, record.id.databaseValue]) ?? false
  }

  public func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome {
    let (changed, outcome) = ArchivedAgent.plan(agents, present: try await archivedAgents())
    if changed.isEmpty { return outcome }
    return try await write(.never) { db in
      let columns = ArchivedAgent.columns
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO agents (\(columns.map(\.column).joined(separator: ", ")))
          VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
          ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = excluded.client
          WHERE COALESCE(last_seen, '') < excluded.last_seen
          """)
      for agent in changed { try statement.execute(arguments: StatementArguments(columns.map { $0.databaseValue(in: agent) })) }
      return outcome
    }
  }
}
