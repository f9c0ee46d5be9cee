import Bridge
import Foundation
import GRDB

/// Finds rows by the keys of records from elsewhere.
struct Counterparts<Record: ArchiveRecord> {
  let db: Database
  let byID: String
  let withoutID: String
  let read: (Row) throws -> Archived<Record>

  func of(_ records: [Record]) throws -> [ArchivedText: Archived<Record>] {
    let statement = try db.cachedStatement(sql: byID)
    var found = [ArchivedText: Archived<Record>]()
    var isDerived = false
    for record in records {
      for candidate in Self.spellings(of: record) {
        guard let row = try Row.fetchOne(statement, arguments: [candidate]) else { continue }
        found[record.key] = try read(row)
        break
      }
      if DerivedID.mayBe(record.key), found[record.key] == nil { isDerived = true }
    }
    if isDerived {
      let wanted = Set(records.map(\.key))
      let rows = try Row.fetchCursor(db.cachedStatement(sql: withoutID))
      while let row = try rows.next() {
        let candidate = try read(row)
        if wanted.contains(candidate.record.key), found[candidate.record.key] == nil { found[candidate.record.key] = candidate }
      }
    }
    return found
  }

  /// The ways in which its id may stand here: an id that is no text becomes one in the other store, and comes back as such.
  private static func spellings(of record: Record) -> [DatabaseValue] {
    var values = [record.id.value]
    if record.id != record.key { values.append(record.key.value) }
    if let bytes = record.key.spelledBytes, bytes != record.id.bytes { values.append(Data(bytes).databaseValue) }
    return values
  }
}

extension Counterparts<ArchivedMessage> {
  static func messages(_ db: Database) -> Self {
    Self(
      db: db, byID: ArchiveSQL.messages + " WHERE m.id = ?1 OR (typeof(?1) = 'blob' AND m.id = CAST(?1 AS TEXT))",
      withoutID: ArchiveSQL.messages + " WHERE m.id IS NULL", read: { Archived<ArchivedMessage>($0) })
  }
}

extension Counterparts<ArchivedTask> {
  static func tasks(_ db: Database) -> Self {
    Self(
      db: db, byID: ArchiveSQL.tasks + " WHERE t.id = ?1 OR (typeof(?1) = 'blob' AND t.id = CAST(?1 AS TEXT))",
      withoutID: ArchiveSQL.tasks + " WHERE t.id IS NULL",
      read: { row in
        var task = Archived<ArchivedTask>(row)
        try task.addEvents(db)
        return task
      })
  }
}
