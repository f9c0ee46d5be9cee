import ArgumentParser
import Bridge
import ClientSetup
import Foundation
import SystemSupport

extension Client: ExpressibleByArgument {
  public init?(argument: String) {
    guard let client = Self.all.first(where: { $0.name == argument }) else { return nil }
    self = client
  }

  public static var allValueStrings: [String] { all.map(\.name) }
}

extension Client.Scope: ExpressibleByArgument {}

/// What `install` and `uninstall` have in common.
struct ClientOptions: ParsableArguments {
  @Argument(help: "The client.")
  var client: Client

  @Option(help: "user: for all projects. project: the files in this folder, for everybody who works on it (Claude Code).")
  var scope: Client.Scope = .user

  @Option(help: ArgumentHelp("The name of the server in the client's configuration.", valueName: "name"))
  var name = "cowork-bridge"

  @Flag(name: .customLong("dry-run"), help: "Show the difference, and change nothing.")
  var dryRun = false

  func validate() throws {
    guard client.hasScope(scope) else { throw ValidationError("\(client.title) has no configuration of its own for a project.") }
  }

  /// - Returns: whether there was anything to change.
  @discardableResult
  func carryOut(_ plan: SetupPlan) throws -> Bool {
    try plan.carryOut(dryRun: dryRun) { print($0.harmless, terminator: "") }
  }
}

struct Install: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write this program into the configuration of a client.",
    discussion: """
      Shows the difference, keeps a copy of each file that it changes, and leaves the rest of it alone. Installing twice changes \
      nothing the second time.

      Examples:
        cowork-code-mcp-server install claude-code --hooks
        cowork-code-mcp-server install claude-desktop --dry-run
        cowork-code-mcp-server install claude-code --database-url "postgresql://?service=bridge"
      """)

  @OptionGroup var options: ClientOptions

  @Flag(help: "Also install the hooks that tell a session the news, and wake it (Claude Code).")
  var hooks = false

  @Option(
    help: ArgumentHelp(
      "The agent that the client becomes. (default: \(Client.all.map { "\($0.identity) for \($0.title)" }.joined(separator: ", ")))",
      valueName: "name"))
  var identity: String?

  @Option(Settings.store, help: "The store, if it is not the default one.") var databaseURL: String?
  @Option(Settings.workspace, help: "The workspace.") var workspace: String?

  @Flag(name: .customLong("write-password"), help: "Write the password in the URL into the configuration.")
  var writesPassword = false

  func validate() throws {
    let name = options.name
    guard 1...64 ~= name.utf8.count, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) }) else {
      throw ValidationError("--name must be 1 to 64 letters, digits, '-' and '_', not \"\(name)\".")
    }
    _ = try entry()
    if hooks, !options.client.hasHooks { throw ValidationError("\(options.client.title) runs no hooks: leave --hooks out.") }
  }

  func run() async throws {
    let entry = try entry()
    let hooks = try hooks ? Hooks(command: entry.command, arguments: [Settings.identity.option, agent.name] + storeArguments()) : nil
    let plan = try SetupPlan(
      installing: entry, as: options.name, into: options.client, scope: options.scope, hooks: hooks, isSecret: holdsPassword)
    if holdsPassword { print("The configuration holds the password of the URL, for everybody who can read that file.") }
    for variable in [Settings.store.variable, Settings.workspace.variable, Settings.identity.variable]
    where Environment[variable] != nil {
      print("\(variable) is set here and is not written: give the option if the client is to use the same.")
    }
    if try options.carryOut(plan), !options.dryRun, let step = options.client.nextStep { print(step) }
  }

  private var agent: Identity {
    get throws { try usage { try Identity(identity ?? options.client.identity) } }
  }

  private var holdsPassword: Bool { databaseURL.map(StoreLocation.holdsPassword) ?? false }

  private func entry() throws -> ServerEntry {
    let agent = try agent
    let isCommand = CoworkCodeMCPServer.configuration.subcommands.contains { $0._commandName == agent.name }
    let isUnclear = isCommand || MistypedCommand.find(in: [agent.name]) != nil
    return ServerEntry(command: Self.executable, arguments: (isUnclear ? ["serve"] : []) + [agent.name] + (try storeArguments()))
  }

  private func storeArguments() throws -> [String] {
    if holdsPassword, !writesPassword {
      throw ValidationError(
        """
        The URL holds a password, which everybody who can read the configuration would see: leave it out and put it into ~/.pgpass, or \
        name a libpq service (postgresql://?service=NAME, with the password in ~/.pg_service.conf), or say --write-password.
        """)
    }
    let workspace = try workspace.map { text in try usage { try Workspace(text) } }
    _ = try usage { try StoreLocation(url: databaseURL, workspace: workspace) }
    return (databaseURL.map { [Settings.store.option, Self.absolute($0)] } ?? [])
      + (workspace.map { [Settings.workspace.option, $0.name] } ?? [])
  }

  /// A client starts its servers in a folder of its own.
  private static func absolute(_ url: String) -> String {
    if url.contains("://") || url.hasPrefix("/") || url.hasPrefix("~") || url.lowercased().hasPrefix("sqlite:") { return url }
    return FileManager.default.currentDirectoryPath + "/" + url
  }

  /// As it was called: a link stays one, since an update may replace the file behind it.
  private static var executable: String {
    let called = CommandLine.arguments.first ?? ""
    if called.contains("/") { return URL(fileURLWithPath: called).standardizedFileURL.path }
    return Places().executable(called) ?? ThisProgram.path ?? ServerEntry.program
  }
}

struct Uninstall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove this program from the configuration of a client.",
    discussion: """
      Removes the server and the hooks, shows the difference, and keeps a copy of each file that it changes. Messages and tasks stay.

      Example:
        cowork-code-mcp-server uninstall claude-code
      """)

  @OptionGroup var options: ClientOptions

  func run() async throws {
    try options.carryOut(SetupPlan(uninstalling: options.name, from: options.client, scope: options.scope))
  }
}
