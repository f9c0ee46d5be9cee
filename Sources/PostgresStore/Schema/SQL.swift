import Bridge

/// Pieces of SQL that several statements share, for one workspace.
struct SQL: Sendable {
  /// The schema, quoted.
  let schema: String

  init(schema: WorkspaceSchema) { self.schema = schema.quoted }

  var messages: String { "\(schema).messages" }
  var messageDetails: String { "\(schema).message_details" }
  var leases: String { "\(schema).leases" }
  var leaseItems: String { "\(schema).lease_items" }
  var tasks: String { "\(schema).tasks" }
  var taskDetails: String { "\(schema).task_details" }
  var taskEvents: String { "\(schema).task_events" }
  var agents: String { "\(schema).agents" }
  var instances: String { "\(schema).instances" }

  /// As programs write a time: RFC 3339, UTC, milliseconds.
  static func rfc3339(_ time: String) -> String {
    "to_char(\(time) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
  }

  /// A call of a function, as a table.
  func call(_ function: String, arguments: Int, _ columns: String = "*") -> String {
    let values = (1...arguments).map { "$\($0)" }.joined(separator: ", ")
    return "SELECT \(columns) FROM \(schema).\(function)(\(values))"
  }

  /// The columns of a result's `message`.
  static let message = columns(of: "message", ["seq", "size"] + Message.fields.map(\.column), "")
  /// The columns of a result's `task`, each with the prefix `t_`.
  static let task = columns(
    of: "task", ["seq"] + BridgeTask.fields.map(\.column) + ["holder", "holder_session", "holder_process", "expired", "size"], "t_")
  /// The columns of a result's `event`, each with the prefix `e_`.
  static let event = columns(of: "event", ["seq", "task_id", "title", "sender", "recipient"] + TaskEvent.fields.map(\.column), "e_")
  static let delivered = "remaining, elsewhere, news_elsewhere, set_aside, to_check, \(message), \(task)"

  private static func columns(of record: String, _ names: [String], _ prefix: String) -> String {
    names.map { "(\(record)).\($0) AS \(prefix)\($0)" }.joined(separator: ", ")
  }
}
