import Bridge
import PostgresClient

extension SQL {
  /// A table of this workspace.
  func table(_ name: String) -> String { "\(schema).\(name)" }

  /// Selects the records of the store and what of them is under a lease; a condition may follow.
  func select<Record: ArchiveRecord>(_ type: Record.Type) -> String {
    let (tables, alias) = (Record.tables, Record.tables.alias)
    let leased = Record.leaseItems.map { item in
      ", EXISTS (SELECT 1 FROM \(leaseItems) i WHERE i.kind = '\(item.rawValue)' AND i.seq = \(alias).seq) AS \(item.rawValue)_leased"
    }.joined()
    return """
      SELECT \(alias).seq, \(Record.selected(from: alias)), \(occurrence(of: type)) AS occurrence\(leased)
      FROM \(table(tables.name)) \(alias) LEFT JOIN \(table(tables.details)) d ON d.\(tables.id) = \(alias).id
      """
  }

  /// The number of a row among the rows without an id and with the same content; NULL for a row with an id.
  private func occurrence<Record: ArchiveRecord>(of type: Record.Type) -> String {
    let (name, alias) = (table(Record.tables.name), Record.tables.alias)
    let same = Record.fixedColumns.map { "n.\($0.column) IS NOT DISTINCT FROM \(alias).\($0.column)" }.joined(separator: " AND ")
    return
      "CASE WHEN \(alias).id IS NULL THEN (SELECT count(*) FROM \(name) n WHERE n.id IS NULL AND n.seq <= \(alias).seq AND \(same)) END"
  }

  /// The next rows of a table, as many as fit; `$1` is the place, `$2` how many, `$3` how many bytes.
  func nextRows<Record: ArchiveRecord>(_ type: Record.Type) -> String {
    let name = table(Record.tables.name)
    var sizes = Record.columns.filter { $0.kind == .exact }.map { "COALESCE(octet_length(\($0.column)), 0)" }
    if let events = Record.tables.events {
      sizes.append("(SELECT COALESCE(sum(octet_length(e.note)), 0) FROM \(table(events)) e WHERE e.\(Record.tables.id) = \(name).id)")
    }
    return """
      SELECT seq FROM (
        SELECT seq, row_number() OVER (ORDER BY seq) AS number, sum(bytes) OVER (ORDER BY seq) AS bytes FROM (
          SELECT seq, \(sizes.joined(separator: " + ")) AS bytes FROM \(name) WHERE seq > $1 ORDER BY seq LIMIT $2) AS following
      ) AS counted WHERE number = 1 OR bytes <= $3
      """
  }
}

extension PostgresStore {
  /// The records in rows of `SQL.select`, with their history.
  func stored<Record: ArchiveRecord>(
    _ type: Record.Type, in rows: PostgresRows, _ executor: some PostgresExecutor
  ) async throws -> [StoredRecord<Record>] {
    var records = try rows.map { row in
      let occurrence: Int? = try row.get("occurrence")
      var stored = StoredRecord(row: try row.get("seq"), record: try Record(fieldsOf: row), hasID: occurrence == nil)
      if let occurrence { stored.record.deriveID(occurrence: occurrence) }
      return stored
    }
    guard let table = Record.tables.events else { return records }
    let id = Record.tables.id
    let found = try await executor.query(
      "SELECT \(id), \(ArchivedEvent.selected(from: "e")) FROM \(sql.table(table)) e WHERE \(id) = ANY($1::text[]) ORDER BY seq",
      [.textArray(records.map(\.record.id.portableID))])
    var events = [String: [ArchivedEvent]]()
    for row in found { events[try row.get(id), default: []].append(try ArchivedEvent(fieldsOf: row)) }
    for index in records.indices { records[index].record.events = events[records[index].record.id.portableID] ?? [] }
    return records
  }

  /// Finds the counterparts of another store's records, by key.
  func stored<Record: ArchiveRecord>(
    counterpartsOf records: [Record], _ executor: some PostgresExecutor
  ) async throws -> [ArchivedText: StoredRecord<Record>] {
    let (keys, select, alias) = (records.map(\.key), sql.select(Record.self), Record.tables.alias)
    var found = [ArchivedText: StoredRecord<Record>]()
    func add(_ rows: PostgresRows) async throws {
      for stored in try await stored(Record.self, in: rows, executor) where found[stored.record.key] == nil {
        found[stored.record.key] = stored
      }
    }
    try await add(executor.query("\(select) WHERE \(alias).id = ANY($1::text[])", [.textArray(keys.map(\.portable))]))
    if keys.contains(where: { DerivedID.mayBe($0) && found[$0] == nil }) {
      try await add(executor.query("\(select) WHERE \(alias).id IS NULL"))
    }
    return found
  }
}
