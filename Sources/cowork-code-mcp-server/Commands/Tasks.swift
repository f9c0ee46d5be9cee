import ArgumentParser
import Bridge
import BridgeServer

struct Tasks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks",
    abstract: "List, show, create and update tasks.",
    discussion: """
      Examples:
        cowork-code-mcp-server tasks                   what is assigned to code
        cowork-code-mcp-server tasks --role creator    what code delegated
        cowork-code-mcp-server tasks create cowork "Review the page"
        cowork-code-mcp-server tasks update 3f0c… in_progress --as cowork
        cowork-code-mcp-server tasks show 3f0c…
      """,
    subcommands: [TasksList.self, TasksShow.self, TasksCreate.self, TasksUpdate.self],
    defaultSubcommand: TasksList.self)
}

struct TasksList: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List an agent's tasks: the open ones, and then the newest that have ended (the default).",
    discussion: """
      Listed tasks count as seen: `wait` and wait_for_updates do not report them again, unless you pass --peek.

      Examples:
        cowork-code-mcp-server tasks list --as cowork --status pending
        cowork-code-mcp-server tasks list --role creator --json
        cowork-code-mcp-server tasks list --cursor open-1f    what did not fit into the list before
      """)

  @Option(help: "The agent's role: \(TaskRole.allCases.map(\.rawValue).joined(separator: " or ")).")
  var role: TaskRole = .assignee

  @Option(help: "Only tasks with this status.")
  var status: TaskStatus?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The maximum number of tasks, 1 to 200.", valueName: "count"),
    transform: number(in: Limits.pageSize))
  var limit = 50

  @Option(help: ArgumentHelp("Where the list before ended.", valueName: "cursor"))
  var cursor: String?

  @Flag(help: "Mark nothing as seen.")
  var peek = false

  @OptionGroup var options: SharedOptions

  var absence: StoreAbsence { .empty }

  func run(in session: CommandSession) async throws {
    let page = try await session.service.tasks(role: role, status: status, cursor: cursor, limit: limit, markSeen: !peek)
    try await session.showWithUnread(
      Marked(TasksOutput(page), for: session.identity), lease: page.lease, as: page.shown(for: session.identity, role))
  }
}

struct TasksShow: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one task and its history.",
    discussion: """
      The task counts as seen, unless you pass --peek.

      Example:
        cowork-code-mcp-server tasks show 3f0c… --as cowork
      """)

  @Argument(help: "The task's id.", completion: Completions.tasks)
  var id: String

  @Flag(help: "Mark nothing as seen.")
  var peek = false

  @OptionGroup var options: SharedOptions

  var absence: StoreAbsence { .empty }

  func run(in session: CommandSession) async throws {
    let report = try await session.service.task(id, markSeen: !peek)
    try await session.showWithUnread(Marked(TasksOutput(report), for: session.identity), lease: report.lease, as: report.shown)
  }
}

struct TasksCreate: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Delegate a task to another agent.",
    discussion: """
      Examples:
        cowork-code-mcp-server tasks create cowork "Review the page"
        cowork-code-mcp-server tasks create cowork "Review the page" - < page.md
      """)

  @Argument(help: "The assignee.", completion: Completions.agents, transform: agentName)
  var to: Identity

  @Argument(help: "The title, up to 200 characters.")
  var title: String

  @Argument(help: "What the assignee needs to know, or - for standard input.")
  var description = ""

  @Option(help: ArgumentHelp("A key of your choice: a second task with the same key is not created.", valueName: "key"))
  var key: String?

  @OptionGroup var options: SharedOptions

  func run(in session: CommandSession) async throws {
    let description = try TextArgument.text(description)
    let receipt = try await session.introducing {
      try await session.service.createTask(for: to, title: title, description: description, idempotencyKey: key)
    }
    try await session.showWithUnread(receipt, done: "the task was created", as: receipt.shown(for: to))
  }
}

struct TasksUpdate: BridgeCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Change a task's status: take it, complete it, or fail it.",
    discussion: """
      The assignee moves a task to in_progress, completed or failed; the creator may end it with failed. If several processes take a \
      task, exactly one gets it: the others neither move nor end it, unless you pass --take-over. Within a session of the agent, the command \
      acts for it; a task that is taken outside of any session can be taken over at once.

      Examples:
        cowork-code-mcp-server tasks update 3f0c… in_progress --as cowork
        cowork-code-mcp-server tasks update 3f0c… completed --result "It works."
        cowork-code-mcp-server tasks update 3f0c… in_progress --as cowork --take-over
        make test | cowork-code-mcp-server tasks update 3f0c… completed --result -
      """)

  @Argument(help: "The task's id.", completion: Completions.tasks)
  var id: String

  @Argument(help: "The new status.")
  var status: TaskStatus

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The result, or why it failed; - for standard input.", valueName: "text"))
  var result: String?

  @Flag(help: "Take the task from the process that holds it.")
  var takeOver = false

  @OptionGroup var options: SharedOptions

  var absence: StoreAbsence { .empty }

  func run(in session: CommandSession) async throws {
    let result = try result.map { try TextArgument.text($0) }
    let task = try await session.introducing {
      try await session.service.updateTask(id, to: status, result: result, takesOver: takeOver)
    }
    try await session.showWithUnread(Marked(task, for: session.identity), done: "the task was updated", as: task.shown)
  }
}
