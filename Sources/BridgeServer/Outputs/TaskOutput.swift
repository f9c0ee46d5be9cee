import Bridge
import MCP

/// A task as tools and commands show it.
public struct TaskOutput: StructuredOutput {
  let task: BridgeTask

  public init(_ task: BridgeTask) { self.task = task }

  public static let schema = ObjectSchema<Self> {
    Field("id", .nullable(.string), \.task.id)
    Field("title", .nullable(.string), \.task.title)
    Field("description", .nullable(.string), \.task.description)
    Field("sender", .nullable(.string), \.task.sender)
    Field("recipient", .nullable(.string), \.task.recipient)
    Field("status", .nullable(.string), \.task.status)
    Field("result", .nullable(.string), \.task.result)
    Field("created_at", .nullable(.string), \.task.createdAt)
    Field("updated_at", .nullable(.string), \.task.updatedAt)
    Field("holder", .nullable(.string), \.task.holder)
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
    Field("remaining", .integer(minimum: 0), \.remaining)
    Field(optional: "history", .array(.briefObject()), \.history)
  }
}
