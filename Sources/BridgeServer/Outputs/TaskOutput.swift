import Bridge
import MCP

extension BridgeTask: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("id", .text, \.id)
    Field("title", .text, \.title)
    Field("description", .text, \.description)
    Field("sender", .text, \.sender)
    Field("recipient", .text, \.recipient)
    Field("status", .text, \.status)
    Field("result", .text, \.result)
    Field("created_at", .text, \.createdAt)
    Field("updated_at", .text, \.updatedAt)
    Field("holder", .text, \.holder)
    Field("stale", .boolean, \.stale)
    Field(optional: "truncated", .flag, \.isExcerpt)
    Field(optional: "size", .count, \.size)
  }

  private var isExcerpt: Bool? { size.map { _ in true } }
}

extension TaskEvent: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("at", .nullable(.string), \.at)
    Field("actor", .nullable(.string), \.actor)
    Field("from", .nullable(.string), \.from)
    Field("to", .nullable(.string), \.to)
    Field("note", .nullable(.string), \.note)
  }
}

extension TaskReceipt: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("task_id", .string, \.taskID)
    Field("status", .string, \.status)
    Field("created_at", .string, \.createdAt)
    Field("recipient_online", .boolean, \.recipientOnline)
  }
}

/// What `get_tasks` returns.
public struct TasksOutput: StructuredOutput {
  let tasks: [BridgeTask]
  let remaining: Int
  let next: String?
  let history: [TaskEvent]?

  public init(_ page: Delivery) { (tasks, remaining, next, history) = (page.tasks, page.remaining, page.next?.text, nil) }

  public init(_ report: TaskReport) { (tasks, remaining, next, history) = ([report.task], 0, nil, report.history) }

  public static let schema = ObjectSchema<Self> {
    Field("tasks", .array(.briefObject()), \.tasks)
    Field("remaining", .integer, \.remaining)
    Field(optional: "next", .string, \.next)
    Field(optional: "history", .array(.briefObject()), \.history)
  }
}
