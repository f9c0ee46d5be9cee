import Bridge
import GRDB

extension ArchiveRecord {
  /// Selects the records of the store; a condition may follow.
  static var select: String {
    let leased = leaseItems.map { item in
      let rows = LeaseItems.rows(of: tables.name, where: "i.kind = '\(item.rawValue)'")
      return ", \(tables.alias).rowid IN (\(rows)) AS \(item)_leased"
    }
    return """
      SELECT \(tables.alias).rowid AS row, \(selected(from: tables.alias)), \(occurrence) AS occurrence\(leased.joined())
      FROM \(tables.name) \(tables.alias) LEFT JOIN \(tables.details) d ON d.\(tables.id) = \(tables.alias).id
      """
  }

  /// The number of a row among the rows without an id and with the same content; NULL for a row with an id.
  private static var occurrence: String {
    let (name, alias) = (tables.name, tables.alias)
    let same = fixedColumns.map { "n.\($0.column) IS \(alias).\($0.column)" }.joined(separator: " AND ")
    return
      "CASE WHEN \(alias).id IS NULL THEN (SELECT COUNT(*) FROM \(name) n WHERE n.id IS NULL AND n.rowid <= \(alias).rowid AND \(same)) END"
  }
}

extension StoredRecord {
  /// - Parameter row: a row of `ArchiveRecord.select`.
  init(_ row: Row, _ db: Database) throws {
    let occurrence: Int? = row["occurrence"]
    self.init(row: row["row"], record: Record(fieldsOf: row), hasID: occurrence == nil)
    if let occurrence {
      record.deriveID(occurrence: occurrence)
    } else if let events = Record.tables.events {
      let rows = try db.rows(
        "SELECT \(ArchivedEvent.selected(from: "e")) FROM \(events) e WHERE e.\(Record.tables.id) = ? ORDER BY e.seq",
        [record.id.databaseValue])
      record.events = try Array(rows.map { ArchivedEvent(fieldsOf: $0, from: 0) })
    }
  }

  /// How many records one statement looks up: beginning a statement takes longer than finding a row.
  private static var lookups: Int { 50 }

  /// Finds the counterparts of another store's records, by key.
  static func counterparts(of records: [Record], _ db: Database) throws -> [ArchivedText: StoredRecord] {
    let id = "\(Record.tables.alias).id"
    var found = [ArchivedText: StoredRecord]()
    let wanted = records.map { (key: $0.key, spellings: spellings(of: $0)) }
    let (plain, others) = (wanted.filter(\.spellings.areOneText), wanted.filter { !$0.spellings.areOneText })
    let places = Array(repeating: "?", count: lookups).joined(separator: ", ")
    let plainly = try db.cachedStatement(sql: "\(Record.select) WHERE \(id) IN (\(places))")
    for start in stride(from: 0, to: plain.count, by: lookups) {
      let ids = plain[start...].prefix(lookups).map(\.spellings[0])
      let rows = try Row.fetchCursor(plainly, arguments: StatementArguments(ids + Array(repeating: .null, count: lookups - ids.count)))
      while let row = try rows.next() {
        let stored = try StoredRecord(row, db)
        found[stored.record.key] = stored
      }
    }
    let spelled = try db.cachedStatement(
      sql: "\(Record.select) WHERE \(id) = ?1 OR (typeof(?1) = 'blob' AND \(id) = CAST(?1 AS TEXT))")
    for record in others {
      for spelling in record.spellings {
        guard let row = try Row.fetchOne(spelled, arguments: [spelling]) else { continue }
        found[record.key] = try StoredRecord(row, db)
        break
      }
    }
    let isDerived = wanted.contains { DerivedID.mayBe($0.key) && found[$0.key] == nil }
    guard isDerived else { return found }
    let keys = Set(wanted.map(\.key))
    let rows = try db.rows("\(Record.select) WHERE \(id) IS NULL")
    while let row = try rows.next() {
      let candidate = try StoredRecord(row, db)
      if keys.contains(candidate.record.key), found[candidate.record.key] == nil { found[candidate.record.key] = candidate }
    }
    return found
  }

  /// The forms that an id can have here: an id that is not text becomes text in the other store, and comes back as text.
  private static func spellings(of record: Record) -> [DatabaseValue] {
    var values = [record.id.databaseValue]
    if record.id != record.key { values.append(record.key.databaseValue) }
    if let bytes = record.key.spelledBytes, bytes != record.id.bytes {
      values.append(ArchivedText(bytes: bytes, isBlob: true).databaseValue)
    }
    return values
  }
}

extension [DatabaseValue] {
  fileprivate var areOneText: Bool { if count == 1, case .string = self[0].storage { true } else { false } }
}
