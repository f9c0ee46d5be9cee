import ArgumentParser
import JSON
import MCP

struct Install: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write this program into the configuration of a client.",
    discussion: """
      Shows the difference, keeps a copy of each file that it changes, and leaves everything else in it as it is. Installing twice changes \
      nothing the second time.

      Examples:
        cowork-code-mcp-server install claude-code --hooks
        cowork-code-mcp-server install claude-desktop --dry-run
        cowork-code-mcp-server install claude-code --database-url "postgresql://?service=bridge"
      """,
    subcommands: [InstallClaudeCode.self, InstallClaudeDesktop.self])
}

extension ClientPaths.Scope: ExpressibleByArgument {}

struct InstallClaudeCode: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "claude-code", abstract: "Install for Claude Code.")

  @Option(help: "user: for all projects. project: .mcp.json and .claude/settings.json in this folder, for all who work on it.")
  var scope: ClientPaths.Scope = .user

  @Flag(help: "Also the hooks that tell a session what is new, and wake it.")
  var hooks = false

  @OptionGroup var options: InstallOptions

  func run() async throws {
    try await CommandFailure.reported {
      let change = Change(dryRun: options.dryRun)
      let entry = try options.entry(default: "code")
      // Both are read before one is written.
      var servers = try ConfigurationFile(ClientPaths.claudeCodeServers(scope))
      var settings = try hooks ? ConfigurationFile(ClientPaths.claudeCodeSettings(scope)) : nil
      let present = servers.json[[.key("mcpServers"), .key(options.name)]]
      if !entry.isSame(as: present) { try servers.json.set(["mcpServers", options.name], to: entry.json(named: true)) }
      if settings != nil {
        try settings?.json.install(HookEntries(command: entry.command, arguments: options.hookArguments()))
      }
      options.warn(change)
      // A password is not for a command line, where everybody sees it.
      let commands =
        (present == nil ? [] : [ClaudeCommand.remove(options.name, scope: scope)])
        + [ClaudeCommand.add(options.name, entry, scope: scope)]
      try change.make(servers, by: options.holdsPassword ? [] : commands)
      if let settings { try change.make(settings) }
    }
  }
}

struct InstallClaudeDesktop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "claude-desktop", abstract: "Install for Claude Desktop (and Cowork), which has to be started anew after it.")

  @OptionGroup var options: InstallOptions

  func run() async throws {
    try await CommandFailure.reported {
      let change = Change(dryRun: options.dryRun)
      let entry = try options.entry(default: "cowork")
      var servers = try ConfigurationFile(ClientPaths.claudeDesktop)
      if !entry.isSame(as: servers.json[[.key("mcpServers"), .key(options.name)]]) {
        try servers.json.set(["mcpServers", options.name], to: entry.json(named: false))
      }
      options.warn(change)
      if try change.make(servers), !options.dryRun { change.say("Quit Claude Desktop and start it again.") }
    }
  }
}

extension InstallOptions {
  func warn(_ change: Change) {
    if holdsPassword { change.say("The password in the URL stands in the configuration, readable for whoever can read that file.") }
    for variable in ["COWORK_DATABASE_URL", "COWORK_WORKSPACE", "COWORK_IDENTITY"] where Environment[variable] != nil {
      change.say("\(variable) is set here and is not written: give the option where the client is to use the same.")
    }
  }
}

extension JSONText {
  mutating func install(_ hooks: HookEntries) throws { try hooks.install(into: &self) }
}
