import Bridge
import Foundation
import GRDB

/// Pieces of SQL that carry rows byte for byte.
enum ArchiveSQL {
  /// Text columns as their bytes, and their kinds as one letter each: text is cut at a NUL, and repaired, on any other way.
  static func columns(_ names: [String], of table: String) -> String {
    let bytes = names.map { "CAST(\(table).\($0) AS BLOB) AS \($0)" }
    return (bytes + ["\(names.map { "substr(typeof(\(table).\($0)), 1, 1)" }.joined(separator: " || ")) AS kinds"]).joined(separator: ", ")
  }

  /// A time of ours as we write it; NULL where it is none.
  static func time(_ column: String) -> String {
    "CASE WHEN \(column) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z' "
      + "THEN \(column) ELSE strftime('%Y-%m-%dT%H:%M:%fZ', \(column)) END"
  }

  /// Which of the rows without an id that say the same this is.
  static func occurrence(in table: String, _ alias: String, _ columns: [String]) -> String {
    let same = columns.map { "n.\($0) IS \(alias).\($0)" }.joined(separator: " AND ")
    return
      "CASE WHEN \(alias).id IS NULL THEN (SELECT COUNT(*) FROM \(table) n WHERE n.id IS NULL AND n.rowid <= \(alias).rowid AND \(same)) END"
  }

  static let messageNames = ["id", "sender", "recipient", "content", "created_at"]
  static let taskNames = ["id", "sender", "recipient", "title", "description", "status", "created_at", "updated_at", "result"]

  static let messages = """
    SELECT m.rowid AS row, \(columns(messageNames, of: "m")), \(occurrence(in: "messages", "m", Array(messageNames.dropFirst()))) AS occurrence,
      CASE WHEN m.read IS NULL OR typeof(m.read) = 'integer' THEN m.read ELSE m.read <> 0 END AS read,
      d.reply_to, d.task_id, d.idempotency_key, COALESCE(d.redelivered, 0) AS redelivered, \(time("d.read_at")) AS read_at
    FROM \(SQL.messages)
    """

  static let tasks = """
    SELECT t.rowid AS row, \(columns(taskNames, of: "t")),
      \(occurrence(in: "tasks", "t", ["sender", "recipient", "title", "description", "created_at"])) AS occurrence,
      d.idempotency_key, d.holder, d.holder_process,
      CASE WHEN d.held_until IS NULL THEN NULL WHEN d.held_until = '' THEN '' ELSE COALESCE(\(time("d.held_until")), '') END AS held_until,
      COALESCE(d.assignee_news, 0) AS assignee_news, COALESCE(d.creator_news, 0) AS creator_news
    FROM \(SQL.tasks)
    """
}

extension Row {
  /// The columns of `ArchiveSQL.columns`.
  fileprivate func archived(_ names: [String]) -> [ArchivedText?] {
    let kinds = Array((self["kinds"] as String).utf8)
    return zip(names, kinds).map { name, kind in
      guard let data: Data = self[name] else { return nil }
      return ArchivedText(bytes: Array(data), isBlob: kind == UInt8(ascii: "b"))
    }
  }
}

/// A row and what it says.
struct Archived<Record> {
  var row: Int64
  var record: Record
  /// What names it in the tables of ours; nil for a row without an id.
  var storedID: ArchivedText?
}

extension Archived<ArchivedMessage> {
  init(_ row: Row) {
    let columns = row.archived(ArchiveSQL.messageNames)
    self.init(
      row: row["row"],
      record: ArchivedMessage(
        id: columns[0] ?? DerivedID.of(Array(columns[1...]), occurrence: row["occurrence"]), sender: columns[1], recipient: columns[2],
        content: columns[3], createdAt: columns[4], read: row["read"], replyTo: row.text("reply_to"), taskID: row.text("task_id"),
        idempotencyKey: row.text("idempotency_key"), readAt: row.text("read_at"), redelivered: row.flag("redelivered")),
      storedID: columns[0])
  }
}

extension Archived<ArchivedTask> {
  /// Without its events.
  init(_ row: Row) {
    let columns = row.archived(ArchiveSQL.taskNames)
    var task = ArchivedTask(
      id: columns[0] ?? DerivedID.of(Array(columns[1...4]) + [columns[6]], occurrence: row["occurrence"]), sender: columns[1],
      recipient: columns[2], title: columns[3], description: columns[4], status: columns[5], createdAt: columns[6], updatedAt: columns[7],
      result: columns[8])
    task.idempotencyKey = row.text("idempotency_key")
    task.holder = row.text("holder")
    task.holderProcess = row.text("holder_process")
    task.heldUntil = row.text("held_until")
    task.assigneeUnseen = row.flag("assignee_news")
    task.creatorUnseen = row.flag("creator_news")
    self.init(row: row["row"], record: task, storedID: columns[0])
  }

  mutating func addEvents(_ db: Database) throws {
    guard let storedID else { return }
    record.events = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT COALESCE(\(ArchiveSQL.time("at")), '1970-01-01T00:00:00.000Z') AS at, actor, instance, from_status, to_status, note
          FROM task_events WHERE task_id = ? ORDER BY seq
          """), arguments: [storedID.value]
    ).map { row in
      ArchivedEvent(
        at: row["at"], actor: row.text("actor"), instance: row.text("instance"), from: row.text("from_status"), to: row.text("to_status"),
        note: row.text("note"))
    }
  }
}

extension ArchivedText {
  /// For a parameter. What is neither a plain text nor a blob has to be written as `CAST(? AS TEXT)`, and cannot be looked for.
  var value: DatabaseValue { text?.databaseValue ?? Data(bytes).databaseValue }
}

extension ArchivedText? {
  var value: DatabaseValue { self?.value ?? .null }

  /// What stands for it in a statement.
  var placeholder: String { self.map { $0.isBlob || $0.text != nil } ?? true ? "?" : "CAST(? AS TEXT)" }
}

extension LeasedRows {
  func apply(to message: inout Archived<ArchivedMessage>) {
    if messages.contains(message.row) { message.record.giveBack() }
  }

  func apply(to task: inout Archived<ArchivedTask>) {
    let sides = tasks[task.row] ?? []
    if sides.contains(.assignee) { task.record.assigneeUnseen = true }
    if sides.contains(.creator) { task.record.creatorUnseen = true }
  }
}
