import Bridge
import Foundation
import GRDB

/// What a lease covers, as it stands in the column `deliveries.items`.
struct Delivered: Codable {
  /// A message by its id; by its row where the id is not a text.
  struct MessageReference: Codable {
    var row: Int64
    var id: String?

    init(_ row: Row) {
      self.row = row["row"]
      let value: DatabaseValue = row["id"]
      if case .string(let text) = value.storage { id = text }
    }
  }

  /// News of a task for one of its sides.
  struct TaskReference: Codable, Equatable {
    enum Side: String, Codable {
      case assignee, creator
    }

    var id: String
    var side: Side
  }

  var messages: [MessageReference] = []
  var tasks: [TaskReference] = []

  var isEmpty: Bool { messages.isEmpty && tasks.isEmpty }

  func encoded() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }

  init() {}

  init(encoded: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(encoded.utf8)) }
}
