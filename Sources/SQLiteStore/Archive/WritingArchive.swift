import Bridge
import GRDB

extension SQLiteStore {
  /// The outcome, what is left to write, and whether an agent has to be woken.
  private struct Written<Record: ArchiveRecord>: Sendable {
    var outcome = ArchiveOutcome()
    var rest: ArraySlice<Record>
    var isNews = false
  }

  /// Records that are written before a portion may be over.
  private static let rows = 50

  public func write<Record: ArchiveRecord>(_ records: [Record]) async throws(BridgeError) -> ArchiveOutcome {
    var rest = records[...]
    var outcome = ArchiveOutcome()
    while !rest.isEmpty {
      let written = try await writePortion(wakes: \.isNews) { [rest] db, portion in
        var written = Written(rest: rest)
        repeat { try Self.writeNext(&written, db) } while !written.rest.isEmpty && !portion.isOver
        return written
      }
      outcome += written.outcome
      rest = written.rest
    }
    return outcome
  }

  private static func writeNext<Record: ArchiveRecord>(_ written: inout Written<Record>, _ db: Database) throws {
    let records = Array(written.rest.prefix(rows))
    let plan = ArchivePlan(records, present: try StoredRecord.counterparts(of: records, db))
    for record in plan.missing { try insert(record, &written.outcome, db) }
    for change in plan.changes { try update(change, &written.outcome, db) }
    written.isNews = written.isNews || plan.isNews
    written.rest = written.rest.dropFirst(rows)
  }

  private static func insert<Record: ArchiveRecord>(_ record: Record, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    let (tables, columns) = (Record.tables, Record.columns)
    try db.run(
      """
      INSERT INTO \(tables.name) (\(columns.map(\.column).joined(separator: ", ")))
      VALUES (\(columns.map { $0.placeholder(for: record) }.joined(separator: ", ")))
      """, StatementArguments(columns.map { $0.databaseValue(in: record) }))
    // Removes details of a former record with this id.
    try db.run("DELETE FROM \(tables.details) WHERE \(tables.id) = \(record.id.placeholder)", [record.id.databaseValue])
    try writeDetails(of: record, &outcome, db)
    outcome.added += 1
  }

  private static func update<Record>(_ change: StoredRecord<Record>, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    if change.changesState {
      let columns = Record.stateColumns
      let places = columns.map { "\($0.column) = \($0.placeholder(for: change.record))" }.joined(separator: ", ")
      try db.run(
        "UPDATE \(Record.tables.name) SET \(places) WHERE rowid = ?",
        StatementArguments(columns.map { $0.databaseValue(in: change.record) }) + [change.row])
    }
    if change.hasID { try writeDetails(of: change.record, &outcome, db) }
    outcome.updated += 1
  }

  /// Writes the details and the history, which replace the ones that triggers have created.
  private static func writeDetails<Record: ArchiveRecord>(of record: Record, _ outcome: inout ArchiveOutcome, _ db: Database) throws {
    guard record.hasDetails else { return }
    var record = record
    let (tables, details, id) = (Record.tables, Record.details, record.id)
    // Another record may have the sender's idempotency key; one that was removed by hand has it no longer.
    if let key = record.idempotencyKey, let owner = record.keyOwner {
      var others = "\(tables.details) WHERE sender = ? AND idempotency_key = ? AND \(tables.id) <> \(id.placeholder)"
      var arguments: StatementArguments = [owner.databaseValue, key, id.databaseValue]
      if Record.hasKeyForEachRecipient {
        others += " AND recipient IS ?"
        arguments += [record.recipient?.databaseValue]
      }
      try db.run("DELETE FROM \(others) AND NOT EXISTS (SELECT 1 FROM \(tables.name) WHERE id = \(tables.id))", arguments)
      if try db.exists(others, arguments) {
        record.idempotencyKey = nil
        outcome.keysTaken += 1
      }
    }
    let updates = details.map { field in
      let new = "excluded.\(field.column)"
      return "\(field.column) = " + (field.traits.contains(.kept) ? "COALESCE(\(new), \(field.column))" : new)
    }
    try db.run(
      """
      INSERT INTO \(tables.details) (\(tables.id), sender, \(details.map(\.column).joined(separator: ", ")))
      VALUES (\(id.placeholder), ?\(String(repeating: ", ?", count: details.count)))
      ON CONFLICT (\(tables.id)) DO UPDATE SET sender = COALESCE(excluded.sender, sender), \(updates.joined(separator: ", "))
      """, [id.databaseValue, record.keyOwner?.databaseValue] + StatementArguments(details.map { $0.databaseValue(in: record) }))
    guard let events = tables.events else { return }
    let columns = ArchivedEvent.columns
    try db.run("DELETE FROM \(events) WHERE \(tables.id) = \(id.placeholder)", [id.databaseValue])
    for event in record.events {
      try db.run(
        """
        INSERT INTO \(events) (\(tables.id), \(columns.map(\.column).joined(separator: ", ")))
        VALUES (\(id.placeholder)\(String(repeating: ", ?", count: columns.count)))
        """, [id.databaseValue] + StatementArguments(columns.map { $0.databaseValue(in: event) }))
    }
  }

  public func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome {
    let (changed, outcome) = ArchivedAgent.plan(agents, present: try await archivedAgents())
    if changed.isEmpty { return outcome }
    return try await write { db in
      let columns = ArchivedAgent.columns
      for agent in changed {
        try db.run(
          """
          INSERT INTO agents (\(columns.map(\.column).joined(separator: ", ")))
          VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
          ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = excluded.client
          WHERE COALESCE(last_seen, '') < excluded.last_seen
          """, StatementArguments(columns.map { $0.databaseValue(in: agent) }))
      }
      return outcome
    }
  }
}
