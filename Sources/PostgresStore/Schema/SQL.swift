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

  /// The present time as we write it: RFC 3339, UTC, milliseconds.
  static let now = rfc3339("clock_timestamp()")

  static func rfc3339(_ time: String) -> String {
    "to_char(\(time) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
  }

  /// The time so many seconds from now; the parameter is a number.
  static func later(_ parameter: String) -> String { "clock_timestamp() + \(parameter)::float8 * interval '1 second'" }

  static let messageColumns = "m.seq, \(Message.selected(from: "m"))"

  /// `Message.replyCost`.
  static func replyCost(of row: String) -> String {
    let texts = Message.fields.filter { $0.kind == .text || $0.kind == .time }.map { "\(row).\($0.column)" }
    return "\(Message.rowCost) + char_length(concat(\(texts.joined(separator: ", "))))"
  }

  static let taskColumns =
    "t.seq, \(BridgeTask.selected(from: "t")), d.holder, d.holder_process, "
    + "COALESCE(d.held_until < clock_timestamp(), false) AS expired, d.assignee_news, d.creator_news"

  var messagesWithDetails: String { "\(messages) m LEFT JOIN \(messageDetails) d ON d.message_id = m.id" }
  var tasksWithDetails: String { "\(tasks) t LEFT JOIN \(taskDetails) d ON d.task_id = t.id" }

  /// The processes of an agent whose heartbeat is no older than the parameter, in seconds.
  func runningProcesses(of agent: String, within age: String) -> String {
    "SELECT COALESCE(array_agg(process), '{}') FROM \(instances) WHERE agent = \(agent) AND last_seen >= \(SQL.later("-1 * \(age)"))"
  }
}
