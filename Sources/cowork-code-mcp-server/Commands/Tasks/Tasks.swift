import ArgumentParser

struct Tasks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List, show, create and move tasks.",
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
