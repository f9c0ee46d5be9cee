import Bridge
import JSON
import MCP

extension AgentSummary: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("name", .string, \.shownName)
    Field("online", .boolean, \.online)
    Field("last_seen", .nullable(.string), \.lastSeen)
    Field("host", .nullable(.string), \.shownHost)
    Field("client", .nullable(.string), \.shownClient)
    Field("unread_messages", .integer, \.unreadMessages)
    Field("open_tasks", .integer, \.openTasks)
    Field("sessions", .integer, \.sessions)
  }
}

// Anybody can give names to hosts and clients, and a row by hand any to an agent.
extension AgentSummary {
  private var shownName: String { PeerText.firstLine(of: name, limit: Limits.shownName) }
  private var shownHost: String? { host.map { PeerText.firstLine(of: $0, limit: Limits.shownName) } }
  private var shownClient: String? { client.map { PeerText.firstLine(of: $0, limit: Limits.shownName) } }
}

/// What `list_agents` returns.
public struct AgentsOutput: StructuredOutput {
  let page: AgentPage
  let identity: Identity

  public init(_ page: AgentPage, for identity: Identity) { (self.page, self.identity) = (page, identity) }

  public static let schema = ObjectSchema<Self> {
    Field("self", .string, \.identity.name)
    Field("agents", .array(.briefObject()), \.page.agents)
    Field("remaining", .integer, \.page.remaining)
  }
}

extension UnreadCounts: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("messages", .integer, \.messages)
    Field("tasks", .integer, \.tasks)
  }
}

/// An output with unread counts if there are any, so a busy agent learns of messages without asking.
public struct WithUnread<Output: StructuredOutput>: StructuredOutput {
  let output: Output
  let unread: UnreadCounts?

  /// - Parameter counts: left out if both are zero.
  public init(_ output: Output, _ counts: UnreadCounts) { (self.output, unread) = (output, counts.isEmpty ? nil : counts) }

  public static var schema: ObjectSchema<Self> {
    ObjectSchema {
      Output.schema.embedded(at: \Self.output)
      Field(optional: "unread", .undeclared, \.unread)
    }
  }
}

extension StructuredOutput {
  /// The output as one line of JSON.
  public var jsonText: String { String(decoding: Self.schema.encode(self).encoded(), as: UTF8.self) }
}

// Types that the schema does not declare: clients load the list of tools into each session, so its size counts.

extension FieldType where Value == String? {
  static var text: FieldType { FieldType<JSON>.json.mapping { $0.map { .string($0) } ?? .null } }
}

extension FieldType where Value == String {
  static var undeclared: FieldType { FieldType<JSON>.json.mapping { .string($0) } }
}

extension FieldType where Value == Bool {
  static var flag: FieldType { FieldType<JSON>.json.mapping { .bool($0) } }
}

extension FieldType where Value == Int {
  static var count: FieldType { FieldType<JSON>.json.mapping { .integer(Int64($0)) } }
}

extension FieldType where Value == UnreadCounts {
  static var undeclared: FieldType {
    FieldType<JSON>.json.mapping { UnreadCounts.schema.encode($0) }
  }
}
