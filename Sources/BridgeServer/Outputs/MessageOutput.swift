import Bridge
import MCP

extension Message: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("id", .nullable(.string), \.id)
    Field("sender", .nullable(.string), \.sender)
    Field("recipient", .nullable(.string), \.recipient)
    Field("content", .nullable(.string), \.content)
    Field("created_at", .nullable(.string), \.createdAt)
    Field("reply_to", .nullable(.string), \.replyTo)
    Field("task_id", .nullable(.string), \.taskID)
    Field("redelivered", .boolean, \.redelivered)
    Field(optional: "truncated", .boolean, \.isExcerpt)
    Field(optional: "size", .integer, \.size)
  }
}

extension Message {
  fileprivate var isExcerpt: Bool? { size.map { _ in true } }
}

/// A message, and whether and when its recipient read it.
public struct HistoryEntry: StructuredOutput {
  let message: Message
  private var read: Bool? { message.isRead }

  public init(message: Message) { self.message = message }

  public static let schema = ObjectSchema<Self> {
    Message.schema.embedded(at: \Self.message)
    Field(optional: "read", .boolean, \.read)
    Field(optional: "read_at", .string, \.message.readAt)
  }
}

extension SendReceipt: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("message_id", .string, \.messageID)
    Field("to", .string, \.recipient.name)
    Field("created_at", .string, \.createdAt)
    Field("recipient_online", .boolean, \.recipientOnline)
    Field("duplicate", .boolean, \.duplicate)
  }
}

/// To whom a message goes.
public enum Audience: Hashable, Sendable {
  case one(Identity)
  /// Every other known agent.
  case all

  /// - Parameter text: a name, or `*`.
  public init(_ text: String) throws(BridgeError) { self = text == "*" ? .all : .one(try Identity(text)) }
}

extension BridgeService {
  /// - Parameters:
  ///   - waitSeconds: how long to wait for the reply to this very message, 0 to 55.
  ///   - isSent: called once the message is stored, before the wait.
  public func send(
    to audience: Audience, _ content: String, _ references: MessageReferences, waitSeconds: Int = 0, isSent: () async -> Void = {}
  ) async throws -> SentOutput {
    switch audience {
    case .one(let recipient):
      guard waitSeconds > 0 else { return SentOutput(one: try await send(to: recipient, content: content, references: references)) }
      let (receipt, reply) = try await ask(
        recipient, content: content, references: references, waitSeconds: waitSeconds, isSent: isSent)
      return SentOutput(one: receipt, reply: reply)
    case .all:
      guard waitSeconds == 0 else {
        throw BridgeError(.invalidValue, "wait_seconds waits for the reply of one agent: name it, or leave wait_seconds out.")
      }
      return SentOutput(sent: try await broadcast(content: content, references: references))
    }
  }
}

/// What `send_message` returns: the receipt of one message, or of each.
public struct SentOutput: StructuredOutput {
  public private(set) var one: SendReceipt?
  public private(set) var sent: [SendReceipt]?
  /// What came while the call waited; nil if it did not wait.
  public private(set) var reply: Delivery?
  private var to: String { one?.recipient.name ?? "*" }

  /// Counted when the message was sent: not for a call that has waited since.
  public var unread: UnreadCounts? { reply == nil ? (one ?? sent?.first)?.unread : nil }

  public static let schema = ObjectSchema<Self> {
    Field(optional: "message_id", .string, \.one?.messageID)
    Field("to", .string, \.to)
    Field(optional: "created_at", .string, \.one?.createdAt)
    Field(optional: "recipient_online", .boolean, \.one?.recipientOnline)
    Field(optional: "duplicate", .boolean, \.one?.duplicate)
    Field(optional: "sent", .array(.briefObject()), \.sent)
    Field(optional: "reply", .briefObject(), \.answer)
    Field(optional: "timed_out", .boolean, \.timedOut)
  }

  var answer: Message? { reply?.messages.first }
  private var timedOut: Bool? { reply?.isEmpty == true ? true : nil }
}

/// What `read_messages` returns.
public struct MessagesOutput: StructuredOutput {
  let delivery: Delivery

  public init(_ delivery: Delivery) { self.delivery = delivery }

  public static let schema = ObjectSchema<Self> {
    Field("messages", .array(.briefObject()), \.delivery.messages)
    Field("remaining", .integer, \.delivery.remaining)
    Field("elsewhere", .integer, \.delivery.elsewhere)
    Field("set_aside", .integer, \.delivery.setAside)
  }
}

extension HistoryPage: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("messages", .array(.briefObject()), \.entries)
    Field("more", .boolean, \.more)
    Field(optional: "partial", .flag, \.partial)
  }

  private var partial: Bool? { isPartial ? true : nil }
  private var entries: [HistoryEntry] { messages.map { HistoryEntry(message: $0) } }
}

/// What `wait_for_updates` returns.
public struct UpdatesOutput: StructuredOutput {
  let delivery: Delivery

  public init(_ delivery: Delivery) { self.delivery = delivery }

  public static let schema = ObjectSchema<Self> {
    Field("messages", .array(.briefObject()), \.delivery.messages)
    Field("tasks", .array(.briefObject()), \.delivery.tasks)
    Field("timed_out", .boolean, \.delivery.isEmpty)
  }
}
