import ArgumentParser

@main
struct CoworkCodeMCPServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cowork-code-mcp-server",
    abstract: "A bridge between AI agents: messages and tasks, over MCP.",
    discussion: """
      Started by an MCP client, it is the client's server on standard input and output. The other commands do by hand what the tools do.

      Examples:
        cowork-code-mcp-server cowork                       the MCP server for the agent cowork
        cowork-code-mcp-server send cowork "How far is it?" a message from code to cowork
        cowork-code-mcp-server read --as cowork             what cowork has not read
        cowork-code-mcp-server demo                         two real servers talk to each other
      """,
    version: Version.text,
    subcommands: [Serve.self, Migrate.self],
    defaultSubcommand: Serve.self)
}
