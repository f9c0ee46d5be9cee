import Bridge
import PostgresClient

extension PostgresStore {
  public func write<Record: ArchiveRecord>(_ records: [Record]) async throws(BridgeError) -> ArchiveOutcome {
    let records = ArchivePlan.unique(records)
    return try await perform(limited: false) { pool in
      try await pool.withTransaction(TransactionOptions(isolation: .readCommitted)) { transaction in
        if Record.tables.events != nil { try await self.lock(records, transaction) }
        let plan = ArchivePlan(records, present: try await self.stored(counterpartsOf: records, transaction))
        // Records that another process has just added are merged when both sides are compared.
        let added = try await self.insert(plan.missing, transaction)
        try await self.update(plan.changes.filter(\.changesState), transaction)
        var outcome = ArchiveOutcome()
        outcome.added = added.count
        outcome.updated = plan.changes.count
        let changed = added + plan.changes.filter(\.hasID).map(\.record)
        outcome.keysTaken = try await self.writeDetails(of: changed.filter(\.hasDetails), transaction)
        return outcome
      }
    }
  }

  /// Locks the records before they are read: a statement that waits for a lock joins the row with outdated details.
  private func lock<Record: ArchiveRecord>(_ records: [Record], _ transaction: PostgresTransaction) async throws {
    try await limitWaiting(transaction)
    try await transaction.query(
      "SELECT 1 FROM \(sql.table(Record.tables.name)) WHERE id = ANY($1::text[]) ORDER BY seq FOR UPDATE",
      [.textArray(records.map(\.id.portableID))])
  }

  /// - Returns: the records that were added.
  private func insert<Record: ArchiveRecord>(_ records: [Record], _ transaction: PostgresTransaction) async throws -> [Record] {
    if records.isEmpty { return [] }
    let (tables, source) = (Record.tables, Unnested(records, Record.columns))
    let rows = try await transaction.query(
      """
      WITH added AS (
        INSERT INTO \(sql.table(tables.name)) (\(source.names)) SELECT \(source.values) FROM \(source.rows)
        ORDER BY number ON CONFLICT (id) DO NOTHING RETURNING id
      ), forgotten AS (
        DELETE FROM \(sql.table(tables.details)) WHERE \(tables.id) IN (SELECT id FROM added)
      )
      SELECT id FROM added
      """, source.parameters)
    let added = Set(try rows.map { ArchivedText(try $0.get(0, as: String.self)) })
    return records.filter { added.contains($0.key) }
  }

  private func update<Record>(_ changes: [StoredRecord<Record>], _ transaction: PostgresTransaction) async throws {
    if changes.isEmpty { return }
    let source = Unnested(changes.map(\.record), Record.stateColumns, beside: [("seq", changes.map { "\($0.row)" })])
    let updates = Record.stateColumns.map { "\($0.column) = \($0.cast("x.\($0.column)"))" }.joined(separator: ", ")
    try await transaction.query(
      "UPDATE \(sql.table(Record.tables.name)) AS r SET \(updates) FROM \(source.rows) WHERE r.seq = x.seq::bigint", source.parameters)
  }

  /// Writes the details and the history, which replace the ones that triggers have created.
  ///
  /// - Returns: the number of idempotency keys that other records have.
  private func writeDetails<Record: ArchiveRecord>(of records: [Record], _ transaction: PostgresTransaction) async throws -> Int {
    if records.isEmpty { return 0 }
    let (tables, ids) = (Record.tables, records.map(\.id.portableID))
    let taken = try await takenKeys(of: records, transaction)
    var records = records
    for index in taken { records[index].idempotencyKey = nil }
    let source = Unnested(
      records, Record.details, beside: [(tables.id, ids), ("sender", records.map { $0.keyOwner?.portable })])
    let updates = Record.details.map { field in
      let new = "excluded.\(field.column)"
      return "\(field.column) = " + (field.traits.contains(.kept) ? "COALESCE(\(new), d.\(field.column))" : new)
    }
    try await transaction.query(
      """
      INSERT INTO \(sql.table(tables.details)) AS d (\(source.names)) SELECT \(source.values) FROM \(source.rows)
      ON CONFLICT (\(tables.id)) DO UPDATE SET sender = COALESCE(excluded.sender, d.sender), \(updates.joined(separator: ", "))
      """, source.parameters)
    guard let events = tables.events else { return taken.count }
    try await transaction.query("DELETE FROM \(sql.table(events)) WHERE \(tables.id) = ANY($1::text[])", [.textArray(ids)])
    let owners = records.flatMap { record in record.events.map { _ in record.id.portableID } }
    let history = Unnested(records.flatMap(\.events), ArchivedEvent.columns, beside: [(tables.id, owners)])
    try await transaction.query(
      "INSERT INTO \(sql.table(events)) (\(history.names)) SELECT \(history.values) FROM \(history.rows) ORDER BY number",
      history.parameters)
    return taken.count
  }

  /// The positions of records whose idempotency key another record of the target has, or an earlier one of this page.
  private func takenKeys<Record: ArchiveRecord>(of records: [Record], _ transaction: PostgresTransaction) async throws -> [Int] {
    let keys = records.map { $0.idempotencyKey.map { ArchivedText($0).portable } }
    guard keys.contains(where: { $0 != nil }) else { return [] }
    let (tables, owners) = (Record.tables, records.map { $0.keyOwner?.portable })
    // Keys of records that were removed by hand are free again.
    try await transaction.query(
      """
      DELETE FROM \(sql.table(tables.details)) d USING unnest($1::text[], $2::text[]) AS x (sender, key)
      WHERE d.sender = x.sender AND d.idempotency_key = x.key
        AND NOT EXISTS (SELECT 1 FROM \(sql.table(tables.name)) r WHERE r.id = d.\(tables.id))
      """, [.textArray(owners), .textArray(keys)])
    let recipients = records.map { Record.hasKeyForEachRecipient ? $0.recipient?.portable : nil }
    let rows = try await transaction.query(
      """
      SELECT number FROM (
        SELECT x.*, row_number() OVER (PARTITION BY sender, key, recipient ORDER BY number) AS turn
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS x (id, sender, key, recipient, number)
        WHERE key IS NOT NULL
      ) AS x
      WHERE (sender IS NOT NULL AND turn > 1) OR EXISTS (
        SELECT 1 FROM \(sql.table(tables.details)) d
        WHERE d.sender = x.sender AND d.idempotency_key = x.key AND d.\(tables.id) <> x.id
          \(Record.hasKeyForEachRecipient ? "AND d.recipient IS NOT DISTINCT FROM x.recipient" : ""))
      """, [.textArray(records.map(\.id.portableID)), .textArray(owners), .textArray(keys), .textArray(recipients)])
    return try rows.map { try $0.get(0, as: Int.self) - 1 }
  }

  public func write(_ agents: [ArchivedAgent]) async throws(BridgeError) -> ArchiveOutcome {
    let (changed, outcome) = ArchivedAgent.plan(agents, present: try await archivedAgents())
    if changed.isEmpty { return outcome }
    return try await perform(limited: false) { [sql] pool in
      let source = Unnested(changed, ArchivedAgent.columns)
      try await pool.query(
        """
        INSERT INTO \(sql.agents) AS a (\(source.names)) SELECT \(source.values) FROM \(source.rows)
        ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = excluded.client
        WHERE COALESCE(a.last_seen, '-infinity') < excluded.last_seen
        """, source.parameters)
      return outcome
    }
  }
}

/// Records as the rows `x` of a statement, with the column `number` for their order.
private struct Unnested {
  /// The columns.
  let names: String
  /// The columns of `x`, each of its column's type.
  let values: String
  /// For a FROM.
  let rows: String
  let parameters: [PostgresParameter]

  /// - Parameter others: columns of text before those of the records.
  init<Record>(_ records: [Record], _ fields: [RecordField<Record>], beside others: [(name: String, values: [String?])] = []) {
    let columns = others.map(\.name) + fields.map(\.column)
    names = columns.joined(separator: ", ")
    values = (others.map { "x.\($0.name)" } + fields.map { $0.cast("x.\($0.column)") }).joined(separator: ", ")
    let arrays = columns.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
    rows = "unnest(\(arrays)) WITH ORDINALITY AS x (\(names), number)"
    parameters =
      others.map { .textArray($0.values) } + fields.map { field in .textArray(records.map { field.text(in: $0) }) }
  }
}
