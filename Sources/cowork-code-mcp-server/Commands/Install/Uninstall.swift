import ArgumentParser
import JSON
import MCP

struct Uninstall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove this program from the configuration of a client.",
    discussion: "Shows the difference and keeps a copy of each file that it changes. Messages and tasks stay.",
    subcommands: [UninstallClaudeCode.self, UninstallClaudeDesktop.self])
}

struct UninstallOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The name of the server in the client's configuration.", valueName: "name"))
  var name = "cowork-bridge"

  @Flag(name: .customLong("dry-run"), help: "Show the difference, and change nothing.")
  var dryRun = false
}

struct UninstallClaudeCode: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "claude-code", abstract: "Remove the server and the hooks from Claude Code.")

  @Option(help: "user: for all projects. project: in this folder.")
  var scope: ClientPaths.Scope = .user

  @OptionGroup var options: UninstallOptions

  func run() async throws {
    try await CommandFailure.reported {
      let change = Change(dryRun: options.dryRun)
      var servers = try ConfigurationFile(ClientPaths.claudeCodeServers(scope))
      var settings = try ConfigurationFile(ClientPaths.claudeCodeSettings(scope))
      try servers.json.removeServer(options.name)
      try HookEntries.uninstall(from: &settings.json)
      try change.make(servers, by: [ClaudeCommand.remove(options.name, scope: scope)])
      try change.make(settings)
    }
  }
}

struct UninstallClaudeDesktop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "claude-desktop", abstract: "Remove the server from Claude Desktop.")

  @OptionGroup var options: UninstallOptions

  func run() async throws {
    try await CommandFailure.reported {
      var servers = try ConfigurationFile(ClientPaths.claudeDesktop)
      try servers.json.removeServer(options.name)
      try Change(dryRun: options.dryRun).make(servers)
    }
  }
}

extension JSONText {
  fileprivate mutating func removeServer(_ name: String) throws {
    guard self[[.key("mcpServers"), .key(name)]] != nil else { return }
    try remove([.key("mcpServers"), .key(name)])
  }
}
