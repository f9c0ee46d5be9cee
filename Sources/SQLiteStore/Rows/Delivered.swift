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

    fileprivate var encoded: String {
      let identity = id.map { #","id":"\#($0.escapedForJSON)""# } ?? bytes.map { #","bytes":"\#($0)""# } ?? ""
      return #"{"row":\#(row)\#(identity)}"#
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

  /// As JSON, written here since Foundation's encoder takes longer than the transaction.
  var encoded: String {
    let messages = messages.map(\.encoded).joined(separator: ",")
    let tasks = tasks.map { #"{"task":\#($0.task.encoded),"side":"\#($0.side.rawValue)"}"# }.joined(separator: ",")
    return #"{"messages":[\#(messages)],"tasks":[\#(tasks)]}"#
  }

  init() {}

  init(encoded: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(encoded.utf8)) }
}

extension String {
  /// Its characters inside of a JSON string.
  fileprivate var escapedForJSON: String {
    guard utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\0"..<" ": text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
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
