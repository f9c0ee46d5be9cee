import Bridge
import MCP

/// Prompts, which users pick as commands in their client.
struct BridgePrompts: Sendable {
  let service: BridgeService

  var all: [Prompt] { [checkInbox, delegate, handOff, status] }

  private var checkInbox: Prompt {
    Prompt(
      "check_inbox", title: "Check the inbox", description: "Read what other agents have sent, and act on it",
      arguments: Parameter.string("from", title: "Agent", "Only from this agent.", complete: service.agentName).optional()
    ) { from in
      let whose = from.map { " with from set to \"\($0)\"" } ?? ""
      return """
        Check the bridge's inbox: call read_messages\(whose), again while `remaining` is above 0, then get_tasks. Summarise for me what \
        came, from whom, and what they ask for. Answer what you can with send_message and reply_to. What needs my decision, ask me first.
        """
    }
  }

  private var delegate: Prompt {
    Prompt(
      "delegate", title: "Delegate a task", description: "Give another agent something to do",
      arguments: Parameter.string("to", title: "Agent", "Who is to do it.", complete: service.agentName),
      Parameter.string("what", title: "What", "What is to be done.")
    ) { to, what in
      return """
        Delegate this to the agent "\(to)": \(what)

        Call create_task with a short title and a description that holds everything needed to do it without asking back: the goal, the \
        files and links, what is not to be touched, and what the result must contain. Then call wait_for_updates until the task has \
        ended, and tell me the result.
        """
    }
  }

  private var handOff: Prompt {
    Prompt(
      "hand_off", title: "Hand off", description: "Pass the present work on to another agent",
      arguments: Parameter.string("to", title: "Agent", "Who takes over.", complete: service.agentName),
      Parameter.string("note", title: "Note", "What to add.").optional()
    ) { to, note in
      let extra = note.map { " Add this: \($0)" } ?? ""
      return """
        Hand the work of this conversation over to the agent "\(to)": call create_task with what the goal is, what has been done, what is \
        left, which files matter, and how to check the result.\(extra) Then tell me the task's id.
        """
    }
  }

  private var status: Prompt {
    Prompt(
      "status", title: "Bridge status", description: "Who is there, what is unread, which tasks are open",
      arguments: Parameter.string("task_id", title: "Task", "One task.", complete: service.taskID).optional()
    ) { taskID in
      if let taskID { return "Call get_tasks with task_id \"\(taskID)\" and tell me how the task stands, with its history." }
      return """
        Tell me how the bridge stands: call list_agents, get_tasks, and get_tasks with role creator. Show who is online, what is unread, \
        and the tasks that are open or stale.
        """
    }
  }
}

// Completions of what a user types.
extension BridgeService {
  fileprivate var agentName: CompletionProvider {
    { beginning, _ in try await self.agents(beginning: beginning).agents.map(\.name).filter { $0 != self.identity.name } }
  }

  /// Open tasks of both roles, and then those that have ended, as far as a first page of each reaches.
  var taskID: CompletionProvider {
    { beginning, _ in
      var tasks = [BridgeTask]()
      for role in TaskRole.allCases {
        let page = try await self.tasks(role: role, limit: Limits.pageSize.upperBound, characters: .max, markSeen: false)
        tasks += page.tasks.filter { role == .assignee || $0.recipient != self.identity.name }
      }
      let (open, ended) = (tasks.filter { !$0.isEnded }, tasks.filter(\.isEnded))
      return (open + ended).compactMap(\.id).filter { $0.lowercased().hasPrefix(beginning.lowercased()) }
    }
  }
}
