import Bridge
import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension SQLiteStore {
  public func exists() async throws(BridgeError) -> Bool { access(connections.path, F_OK) == 0 }

  public func archiveIdentity() async throws(BridgeError) -> String {
    let path = connections.path
    let encoding = try await read { try String.fetchOne($0, sql: "PRAGMA encoding") }
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
      func count(_ table: String) throws -> Int { try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \(table)") ?? 0 }
      return ArchiveTotals(messages: try count("messages"), tasks: try count("tasks"), agents: try count("agents"))
    }
  }

  public func archivedMessages(after place: Int64?, limit: Int) async throws(BridgeError) -> ArchivePage<ArchivedMessage> {
    try await read { db in
      let leased = try LeasedRows(db)
      return try Self.page(ArchiveSQL.messages + " WHERE m.rowid > ? ORDER BY m.rowid LIMIT ?", place, limit, db) { row in
        var message = Archived<ArchivedMessage>(row)
        leased.apply(to: &message)
        return (message, message.record.content?.bytes.count ?? 0)
      }
    }
  }

  public func archivedTasks(after place: Int64?, limit: Int) async throws(BridgeError) -> ArchivePage<ArchivedTask> {
    try await read { db in
      let leased = try LeasedRows(db)
      return try Self.page(ArchiveSQL.tasks + " WHERE t.rowid > ? ORDER BY t.rowid LIMIT ?", place, limit, db) { row in
        var task = Archived<ArchivedTask>(row)
        try task.addEvents(db)
        leased.apply(to: &task)
        let bytes = [task.record.description, task.record.result].reduce(0) { $0 + ($1?.bytes.count ?? 0) }
        return (task, task.record.events.reduce(bytes) { $0 + ($1.note?.utf8.count ?? 0) })
      }
    }
  }

  /// As many rows as fit, at least one.
  private static func page<Record: Sendable>(
    _ sql: String, _ place: Int64?, _ limit: Int, _ db: Database, _ read: (Row) throws -> (Archived<Record>, bytes: Int)
  ) throws -> ArchivePage<Record> {
    var page = ArchivePage<Record>(records: [], next: nil)
    var bytes = 0
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: [place ?? .min, limit])
    while bytes < ArchiveLimits.pageBytes, let row = try rows.next() {
      let (found, size) = try read(row)
      page.records.append(found.record)
      page.next = found.row
      bytes += size
    }
    return page
  }

  public func archivedAgents() async throws(BridgeError) -> [ArchivedAgent] {
    try await read { db in
      let sql = """
        SELECT name, COALESCE(\(ArchiveSQL.time("added_at")), '1970-01-01T00:00:00.000Z') AS added_at, \(ArchiveSQL.time("last_seen")) AS last_seen,
          host, client FROM agents ORDER BY added_at, name
        """
      return try Row.fetchAll(db, sql: sql).compactMap { row in
        row.text("name").map {
          ArchivedAgent(name: $0, addedAt: row["added_at"], lastSeen: row["last_seen"], host: row.text("host"), client: row.text("client"))
        }
      }
    }
  }

  public func counterparts(of messages: [ArchivedMessage]) async throws(BridgeError) -> [ArchivedText: ArchivedMessage] {
    try await read { db in try Counterparts<ArchivedMessage>.messages(db).of(messages).mapValues(\.record) }
  }

  public func counterparts(of tasks: [ArchivedTask]) async throws(BridgeError) -> [ArchivedText: ArchivedTask] {
    try await read { db in try Counterparts<ArchivedTask>.tasks(db).of(tasks).mapValues(\.record) }
  }
}
