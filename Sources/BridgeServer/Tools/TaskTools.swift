import Bridge
import MCP

extension BridgeTools {
  var createTask: Tool {
    Tool(
      "create_task", title: "Create task",
      description: """
        Delegates a task to another agent by name. wait_for_updates tells when its status changes.
        """,
      annotations: ["readOnlyHint": false, "destructiveHint": false, "openWorldHint": false], isInTurn: true,
      parameters: Parameters.to,
      Parameter.string("title", "Short.", keywords: ["minLength": 1, "maxLength": .integer(Int64(Limits.titleCharacters))]),
      Parameter.string("description", "All that is needed to do it."), Parameters.idempotencyKey,
      returns: WithUnread<TaskReceipt>.self
    ) { call, to, title, description, key in
      try await answerWithUnread(call, counted: \.unread) {
        ToolReply(try await service.createTask(for: to, title: title, description: description, idempotencyKey: key))
      }
    }
  }

  var getTasks: Tool {
    Tool(
      "get_tasks", title: "Get tasks",
      description: """
        Lists this agent's tasks, or with role creator those it delegated, open ones first; with task_id one task and its history.
        """,
      annotations: ["readOnlyHint": false, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false],
      parameters: Parameter.enumeration("status", "Only with this status.", of: TaskStatus.self).optional(),
      Parameter.enumeration("role", "Assigned to this agent, or created by it.", of: TaskRole.self, default: .assignee),
      Parameter.string("task_id", "Only this task, with its history.").optional(), Parameters.limit(50),
      Parameter.string("cursor", "`next` of the page before.").optional(),
      returns: WithUnread<Marked<TasksOutput>>.self
    ) { call, status, role, taskID, limit, cursor in
      try await answerWithUnread(call) {
        if let taskID {
          let report = try await service.task(taskID)
          return reply(Marked(TasksOutput(report), for: service.identity), lease: report.lease)
        }
        let page = try await service.tasks(role: role, status: status, cursor: cursor, limit: limit)
        return reply(Marked(TasksOutput(page), for: service.identity), lease: page.lease)
      }
    }
  }

  var updateTask: Tool {
    Tool(
      "update_task", title: "Update task",
      description: """
        Moves a task assigned to this agent: in_progress takes it, completed or failed ends it. Its creator may end it with failed.
        """,
      annotations: ["readOnlyHint": false, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false],
      isInTurn: true,
      parameters: Parameter.string("task_id", "The task's id."), Parameter.enumeration("status", "The new status.", of: TaskStatus.self),
      Parameter.string("result", "What came out, or why it failed.").optional(),
      returns: WithUnread<Marked<BridgeTask>>.self
    ) { call, taskID, status, result in
      try await answerWithUnread(call) {
        let task = try await service.updateTask(taskID, to: status, result: result)
        return ToolReply(Marked(task, for: service.identity))
      }
    }
  }
}
