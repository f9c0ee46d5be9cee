import Bridge
import MCP

/// A message as tools and commands show it.
public struct MessageOutput: StructuredOutput {
  let message: Message
  /// Whether and when the recipient has read it; only in the history.
  let read: Bool?
  let readAt: String?

  /// - Parameter inHistory: whether to show if it was read.
  public init(_ message: Message, inHistory: Bool = false) {
    self.message = message
    read = inHistory ? message.isRead : nil
    readAt = inHistory ? message.readAt : nil
  }

  public static let schema = ObjectSchema<Self> {
    Field("id", .nullable(.string), \.message.id)
    Field("sender", .nullable(.string), \.message.sender)
    Field("recipient", .nullable(.string), \.message.recipient)
    Field("content", .nullable(.string), \.message.content)
    Field("created_at", .nullable(.string), \.message.createdAt)
    Field("reply_to", .nullable(.string), \.message.replyTo)
    Field("task_id", .nullable(.string), \.message.taskID)
    Field("redelivered", .boolean, \.message.redelivered)
    Field(optional: "read", .boolean, \.read)
    Field(optional: "read_at", .string, \.readAt)
  }
}

/// What `send_message` returns.
public struct SendOutput: StructuredOutput {
  let receipt: SendReceipt

  public init(_ receipt: SendReceipt) { self.receipt = receipt }

  public static let schema = ObjectSchema<Self> {
    Field("message_id", .string, \.receipt.messageID)
    Field("to", .string, \.receipt.recipient.name)
    Field("created_at", .string, \.receipt.createdAt)
    Field("recipient_online", .boolean, \.receipt.recipientOnline)
    Field("duplicate", .boolean, \.receipt.duplicate)
  }
}

/// What `read_messages` returns.
public struct MessagesOutput: StructuredOutput {
  let messages: [MessageOutput]
  let remaining: Int

  public init(_ delivery: Delivery) {
    messages = delivery.messages.map { MessageOutput($0) }
    remaining = delivery.remaining
  }

  public static let schema = ObjectSchema<Self> {
    Field("messages", .array(.briefObject()), \.messages)
    Field("remaining", .integer, \.remaining)
  }
}

/// What `search_history` returns.
public struct HistoryOutput: StructuredOutput {
  let messages: [MessageOutput]
  let more: Bool

  public init(_ page: HistoryPage) {
    messages = page.messages.map { MessageOutput($0, inHistory: true) }
    more = page.more
  }

  public static let schema = ObjectSchema<Self> {
    Field("messages", .array(.briefObject()), \.messages)
    Field("more", .boolean, \.more)
  }
}

/// What `wait_for_updates` returns.
public struct UpdatesOutput: StructuredOutput {
  let messages: [MessageOutput]
  let tasks: [TaskOutput]
  let timedOut: Bool

  public init(_ delivery: Delivery) {
    messages = delivery.messages.map { MessageOutput($0) }
    tasks = delivery.tasks.map(TaskOutput.init)
    timedOut = delivery.isEmpty
  }

  public static let schema = ObjectSchema<Self> {
    Field("messages", .array(.briefObject()), \.messages)
    Field("tasks", .array(.briefObject()), \.tasks)
    Field("timed_out", .boolean, \.timedOut)
  }
}
