import Bridge
import Foundation
import GRDB

/// What a lease covers, as it stands in the column `deliveries.items`.
struct Delivered: Codable {
  /// A row of a documented table: by its id; by its number where the id is not a text that can be told exactly.
  struct Reference: Codable, Hashable {
    var row: Int64
    var id: String?
    /// The bytes of an id that is none: number and bytes together, since a number may be used again.
    var bytes: String?

    /// - Parameter row: with the columns `row`, `id` and `id_bytes`.
    init(_ row: Row) {
      self.row = row["row"]
      id = row.exactID
      if id == nil { bytes = (row["id_bytes"] as Data?)?.hexadecimal ?? "" }
    }
  }

  /// News of a task for one of its sides.
  struct TaskReference: Codable, Hashable {
    enum Side: String, Codable {
      case assignee, creator
    }

    var task: Reference
    var side: Side
  }

  var messages: [Reference] = []
  var tasks: [TaskReference] = []

  var isEmpty: Bool { messages.isEmpty && tasks.isEmpty }

  func encoded() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }

  init() {}

  init(encoded: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(encoded.utf8)) }
}

extension Delivered.TaskReference {
  /// Sets whether the side has yet to look.
  func setUnseen(_ unseen: Bool, _ db: Database) throws {
    let column = side == .assignee ? "assignee_unseen" : "creator_unseen"
    let update = "UPDATE task_details SET \(column) = ? WHERE task_id = "
    if let id = task.id {
      try db.cachedStatement(sql: update + "?").execute(arguments: [unseen, id])
    } else {
      try db.cachedStatement(sql: update + "(SELECT id FROM tasks WHERE rowid = ? AND hex(id) = ?)")
        .execute(arguments: [unseen, task.row, task.bytes])
    }
  }
}
