import Bridge
import GRDB
import SystemSupport

extension SQLiteStore {
  public func exists() async throws(BridgeError) -> Bool { FileIdentity(path: connections.path) != nil }

  public func archiveIdentity() async throws(BridgeError) -> String {
    let path = connections.path
    let encoding: String? = try await read { try $0.value("PRAGMA encoding") }
    guard encoding == "UTF-8" else {
      throw BridgeError(
        .storeUnavailable,
        "The database \(path) keeps its text as \(encoding ?? "something unknown"), and only UTF-8 can be carried exactly: "
          + "convert it with `sqlite3 \(path) .dump | sqlite3 new.db`, and name that one.")
    }
    guard let file = FileIdentity(path: path) else {
      throw BridgeError(.storeUnavailable, "The database \(path) was removed: call again.")
    }
    return "sqlite \(file)"
  }

  public func archiveTotals() async throws(BridgeError) -> ArchiveTotals {
    try await read { db in
      ArchiveTotals(messages: try db.count(of: "messages"), tasks: try db.count(of: "tasks"), agents: try db.count(of: "agents"))
    }
  }

  public func archived<Record: ArchiveRecord>(
    _ type: Record.Type, after place: Int64?, limit: Int
  ) async throws(BridgeError) -> ArchivePage<Record> {
    try await readPortion { db, portion in
      var page = ArchivePage<Record>(records: [], next: nil)
      var bytes = 0
      let row = "\(Record.tables.alias).rowid"
      let rows = try db.rows("\(Record.select) WHERE \(row) > ? ORDER BY \(row) LIMIT ?", [place ?? .min, limit])
      while bytes < ArchiveLimits.pageBytes, page.records.isEmpty || !portion.isOver, let row = try rows.next() {
        var stored = try StoredRecord<Record>(row, db)
        // The state that it has if the reply never arrives.
        for item in Record.leaseItems where row.flag("\(item)_leased") { stored.record.giveBack(item) }
        page.records.append(stored.record)
        page.next = stored.row
        bytes += stored.record.size
      }
      return page
    }
  }

  public func archivedAgents() async throws(BridgeError) -> [ArchivedAgent] {
    try await read { db in
      let rows = try db.rows("SELECT \(ArchivedAgent.selected(from: "a")) FROM agents a WHERE name IS NOT NULL ORDER BY a.added_at, name")
      return try Array(rows.map { ArchivedAgent(fieldsOf: $0, from: 0) })
    }
  }

  public func counterparts<Record: ArchiveRecord>(of records: [Record]) async throws(BridgeError) -> [ArchivedText: Record] {
    try await read { db in try StoredRecord.counterparts(of: records, db).mapValues(\.record) }
  }
}
