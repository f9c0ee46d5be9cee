import Bridge
import GRDB

extension SQLiteStore {
  /// Rows that are examined, and pages that are returned, before a portion may be over.
  private static let (rows, pages) = (200, 50)
  /// The most rows of one step, between which a person can interrupt.
  private static let mostRows = 5_000

  public func time(before age: Duration) async throws(BridgeError) -> String {
    let offset = SQL.offset(.zero - age)
    return try await read { db in
      guard let time = try String.fetchOne(db, sql: "SELECT \(SQL.later)", arguments: [offset]) else {
        throw BridgeError(.invalidValue, "There is no time so long ago: use a shorter one, such as 30d.")
      }
      return time
    }
  }

  public func prune(before time: String, after place: PrunePlace?, dryRun: Bool) async throws(BridgeError) -> PruneStep {
    let work: @Sendable (Database, Portion) throws -> PruneStep = { db, portion in
      var total = PruneStep(next: place ?? .messages(after: .min))
      var examined = 0
      while let place = total.next, !portion.isOver, examined < Self.mostRows {
        let step =
          switch place {
          case .messages(let row): try Self.pruneMessages(after: row, before: time, dryRun, db)
          case .tasks(let row): try Self.pruneTasks(after: row, before: time, dryRun, db)
          }
        total = PruneStep(messages: total.messages + step.messages, tasks: total.tasks + step.tasks, next: step.next)
        examined += Self.rows
      }
      return total
    }
    return dryRun ? try await readPortion(work) : try await writePortion(work)
  }

  private static func pruneMessages(after row: Int64, before time: String, _ dryRun: Bool, _ db: Database) throws -> PruneStep {
    guard let end = try lastRow(of: "messages", after: row, db) else { return PruneStep(next: .tasks(after: .min)) }
    let old = try Int64.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT m.rowid FROM \(SQL.messages) WHERE m.rowid > ? AND m.rowid <= ? AND COALESCE(m.read, 0) <> 0
            AND COALESCE(\(SQL.time(of: "m.created_at")), \(SQL.time(of: "d.read_at"))) < julianday(?)
            AND m.rowid NOT IN (\(LeaseItems.rows(of: "messages", where: "i.kind = 'message'")))
            AND (d.task_id IS NULL
              OR lower(d.task_id) NOT IN (SELECT lower(t.id) FROM tasks t WHERE \(SQL.isOpen) AND typeof(t.id) = 'text'))
          """), arguments: [row, end, time])
    if !dryRun, !old.isEmpty {
      for row in old {
        try db.run("DELETE FROM message_details WHERE message_id = (SELECT id FROM messages WHERE rowid = ?)", [row])
        try db.run("DELETE FROM messages WHERE rowid = ?", [row])
      }
    }
    return PruneStep(messages: old.count, next: .messages(after: end))
  }

  private static func pruneTasks(after row: Int64, before time: String, _ dryRun: Bool, _ db: Database) throws -> PruneStep {
    guard let end = try lastRow(of: "tasks", after: row, db) else { return PruneStep(next: nil) }
    let old = try Int64.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT t.rowid FROM \(SQL.tasks) WHERE t.rowid > ?1 AND t.rowid <= ?2 AND t.status IN ('completed', 'failed')
            AND COALESCE(\(SQL.time(of: "t.updated_at")), \(SQL.time(of: "t.created_at"))) < julianday(?3)
            AND NOT EXISTS (
              SELECT 1 FROM agents a WHERE julianday(COALESCE(a.last_seen, a.added_at)) >= julianday(?3)
                AND (d.assignee_news <> 0 AND a.name = t.recipient OR d.creator_news <> 0 AND a.name = t.sender)
                AND a.name IN (t.recipient, t.sender))
            AND t.rowid NOT IN (\(LeaseItems.rows(of: "tasks", where: "i.kind <> 'message'")))
          """), arguments: [row, end, time])
    if !dryRun {
      let id = "(SELECT id FROM tasks WHERE rowid = ?)"
      for row in old {
        for rows in ["task_events WHERE task_id = \(id)", "task_details WHERE task_id = \(id)", "tasks WHERE rowid = ?"] {
          try db.run("DELETE FROM \(rows)", [row])
        }
      }
    }
    return PruneStep(tasks: old.count, next: .tasks(after: end))
  }

  private static func lastRow(of table: String, after row: Int64, _ db: Database) throws -> Int64? {
    try db.value("SELECT MAX(rowid) FROM (SELECT rowid FROM \(table) WHERE rowid > ? ORDER BY rowid LIMIT ?)", [row, rows])
  }

  /// Incremental only: `VACUUM` may renumber rows of the documented tables, to which leases and the text index refer, and blocks all
  /// writers until it ends.
  public func giveBackSpace() async throws(BridgeError) -> ReturnedSpace {
    await index()
    let before = try await read { try Space($0) }
    var last = before
    while last.isIncremental, last.free > 0 {
      let now = try await writePortion { db, portion in
        repeat { try db.execute(sql: "PRAGMA incremental_vacuum(\(Self.pages))") } while try !portion.isOver && Space(db).free > 0
        return try Space(db)
      }
      guard now.free < last.free else { break }
      last = now
    }
    if last.pages < before.pages { try await truncateLog() }
    return ReturnedSpace(returned: (before.pages - last.pages) * last.pageSize, reusable: last.free * last.pageSize)
  }

  /// Writes the log back into the file, and makes both as small as possible. A reader prevents that: then the next call does it.
  private func truncateLog() async throws(BridgeError) {
    try await visit { open in
      do {
        try open.writer.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED {
        return
      }
    }
  }

  /// Pages of the file.
  private struct Space: Sendable {
    let pages, free, pageSize: Int64
    let isIncremental: Bool

    init(_ db: Database) throws {
      func number(_ name: String) throws -> Int64 { try Int64.fetchOne(db, sql: "PRAGMA \(name)") ?? 0 }
      (pages, free, pageSize) = (try number("page_count"), try number("freelist_count"), try number("page_size"))
      isIncremental = try number("auto_vacuum") == 2
    }
  }
}

extension SQL {
  /// A time as a Julian day; NULL if it is none. julianday alone accepts numbers, `now` and 30 February, and rejects the `+00` of Postgres.
  fileprivate static func time(of column: String) -> String {
    """
    CASE WHEN typeof(\(column)) = 'text' AND \(column) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
      AND date(substr(\(column), 1, 10), '+0 days') = substr(\(column), 1, 10)
      THEN julianday(CASE WHEN length(\(column)) > 16 AND \(column) GLOB '*[+-][0-9][0-9]' THEN \(column) || ':00' ELSE \(column) END) END
    """
  }
}
