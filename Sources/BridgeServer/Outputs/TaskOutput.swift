import Bridge
import MCP

/// A task as tools and commands show it.
public struct TaskOutput: StructuredOutput {
  let task: BridgeTask

  public init(_ task: BridgeTask) { self.task = task }

  public static let schema = ObjectSchema<Self> {
    Field("id", .text, \.task.id)
    Field("title", .text, \.task.title)
    Field("description", .text, \.task.description)
    Field("sender", .text, \.task.sender)
    Field("recipient", .text, \.task.recipient)
    Field("status", .text, \.task.status)
    Field("result", .text, \.task.result)
    Field("created_at", .text, \.task.createdAt)
    Field("updated_at", .text, \.task.updatedAt)
    Field("holder", .text, \.task.holder)
    Field("stale", .boolean, \.task.stale)
  }
}

/// One change of a task.
public struct TaskEventOutput: StructuredOutput {
  let event: TaskEvent

  public static let schema = ObjectSchema<Self> {
    Field("at", .nullable(.string), \.event.at)
    Field("actor", .nullable(.string), \.event.actor)
    Field("from", .nullable(.string), \.event.from)
    Field("to", .nullable(.string), \.event.to)
    Field("note", .nullable(.string), \.event.note)
  }
}

/// What `create_task` returns.
public struct CreateOutput: StructuredOutput {
  let receipt: TaskReceipt

  public init(_ receipt: TaskReceipt) { self.receipt = receipt }

  public static let schema = ObjectSchema<Self> {
    Field("task_id", .string, \.receipt.taskID)
    Field("status", .string, \.receipt.status)
    Field("created_at", .string, \.receipt.createdAt)
    Field("recipient_online", .boolean, \.receipt.recipientOnline)
  }
}

/// What `get_tasks` returns.
public struct TasksOutput: StructuredOutput {
  let tasks: [TaskOutput]
  let remaining: Int
  let history: [TaskEventOutput]?

  public init(_ page: TaskPage) {
    tasks = page.tasks.map(TaskOutput.init)
    remaining = page.remaining
    history = nil
  }

  public init(_ report: TaskReport) {
    tasks = [TaskOutput(report.task)]
    remaining = 0
    history = report.history.map(TaskEventOutput.init)
  }

  public static let schema = ObjectSchema<Self> {
    Field("tasks", .array(.briefObject()), \.tasks)
    Field("remaining", .integer, \.remaining)
    Field(optional: "history", .array(.briefObject()), \.history)
  }
}
