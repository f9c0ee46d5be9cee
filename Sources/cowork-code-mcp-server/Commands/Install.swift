import ArgumentParser
import Bridge
import ClientSetup
import Foundation
import MCP
import SystemSupport

extension Client: ExpressibleByArgument {
  public init?(argument: String) {
    guard let client = Self.all.first(where: { $0.name == argument }) else { return nil }
    self = client
  }

  public static var allValueStrings: [String] { all.map(\.name) }
}

extension Client.Scope: ExpressibleByArgument {}

extension OwnProgram {
  init() { self.init(path: ThisProgram.path) }
}

/// What `install` and `uninstall` have in common.
struct ClientOptions: ParsableArguments {
  @Argument(help: "The client.")
  var client: Client

  @Option(help: "user: for all projects. project: the files in this folder, for everybody who works on it.")
  var scope: Client.Scope = .user

  @Option(help: ArgumentHelp("The name of the server in the client's configuration.", valueName: "name"))
  var name = "cowork-bridge"

  @Flag(name: .customLong("dry-run"), help: "Show the difference, and change nothing.")
  var dryRun = false

  @Flag(help: "Print one line of JSON.")
  var json = false

  func validate() throws {
    guard client.hasScope(scope) else { throw ValidationError("\(client.title) has no configuration of its own for a project.") }
    guard 1...64 ~= name.utf8.count, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) }) else {
      throw ValidationError("--name must be 1 to 64 letters, digits, '-' and '_', not \"\(name)\".")
    }
  }

  /// One process after the other: each reads what the one before it has written.
  func carryOut(_ make: () throws -> SetupPlan) throws -> (plan: SetupPlan, report: SetupReport) {
    try Places().check(client, scope)
    // Longer than a client's own command may take.
    return try FileDescriptor.withLock(ofFolder: FileSystem.homeFolder, waitingFor: .seconds(40)) {
      let plan = try make()
      return (plan, try plan.carryOut(dryRun: dryRun))
    }
  }

  func show(_ report: SetupReport, notes: [String] = [], nextStep: String? = nil) async throws {
    let step = dryRun ? "Nothing was written: to do so, run this again without --dry-run." : nextStep
    let output = SetupOutput(options: self, report: report, notes: notes + report.notes, nextStep: report.isChanged ? step : nil)
    try await StandardStreams.show(output, json: json, as: output.text)
  }
}

struct Install: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Write this program into the configuration of a client.",
    discussion: """
      Shows the difference, keeps a copy of each file that it changes, and leaves the rest of it alone. An entry that is there keeps its \
      variables, and its arguments as far as no option changes them. Installing twice changes nothing the second time.

      Examples:
        cowork-code-mcp-server install claude-code --hooks --allow
        cowork-code-mcp-server install claude-desktop --dry-run
        cowork-code-mcp-server install codex --identity reviewer --database-url "postgresql://?service=bridge"
      """)

  @OptionGroup var options: ClientOptions

  @Flag(help: "Also install the hooks that tell a session the news, and wake it (Claude Code).")
  var hooks = false

  @Flag(name: .customLong("allow"), help: "Also allow all tools of the server, so that no question stops a session (Claude Code).")
  var allows = false

  @Option(
    help: ArgumentHelp(
      "The agent that the client becomes. (default: code for Claude Code, cowork for Claude Desktop, else the name of the client)",
      valueName: "name"))
  var identity: String?

  @Option(Settings.store, help: "The store, if it is not the default one.") var databaseURL: String?
  @Option(Settings.workspace, help: "The workspace.") var workspace: String?

  @Option(
    name: .customLong("env"), parsing: .singleValue,
    help: ArgumentHelp("A variable of the server's environment. It can be repeated.", valueName: "name=value"))
  var variables: [String] = []

  @Flag(name: .customLong("write-password"), help: "Write passwords and other secrets into the configuration.")
  var writesPassword = false

  func validate() throws {
    _ = try wishes().entry(from: nil)
    if hooks || allows, !options.client.hasSettings {
      throw ValidationError("\(options.client.title) has neither hooks nor permissions: leave --hooks and --allow out.")
    }
  }

  func run() async throws {
    let wishes = try wishes()
    var extras = SetupPlan.Extras()
    (extras.addsHooks, extras.allowsTools) = (hooks, allows)
    extras.hooks = { try wishes.hooks(for: $0) }
    let (plan, report) = try options.carryOut {
      try SetupPlan(installing: options.name, into: options.client, scope: options.scope, extras: extras, own: OwnProgram()) {
        try wishes.entry(from: $0)
      }
    }
    var notes: [String] = []
    if writesPassword, let secrets = plan.entry?.secretVariables, !secrets.isEmpty {
      notes.append("The configuration holds a secret in \(secrets.joined(separator: ", ")), for everybody who can read that file.")
    }
    for variable in [Settings.store.variable, Settings.workspace.variable, Settings.identity.variable]
    where Environment[variable] != nil && wishes.variables[variable] == nil {
      notes.append("\(variable) is set here and is not written: give the option if the client is to use the same.")
    }
    if options.scope == .project, Places().executable(ServerEntry.program) == nil {
      notes.append("\(ServerEntry.program) is not in your PATH, where a shared configuration looks for it.")
    }
    try await options.show(report, notes: notes, nextStep: options.client.nextStep(options.scope))
  }

  private func wishes() throws -> EntryWishes {
    let pairs = try variables.map { text -> (String, String) in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let isName = { (name: String) in
        !name.isEmpty && name.first?.isNumber == false && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" }
      }
      guard parts.count == 2, isName(parts[0]) else {
        throw ValidationError("--env takes NAME=VALUE, with a name of letters, digits and '_'.")
      }
      return (parts[0], parts[1])
    }
    var variables = Dictionary(pairs) { $1 }
    let variable = Settings.store.variable
    if let url = variables[variable], !url.isEmpty { variables[variable] = try EntryWishes.absolute(url) }
    return EntryWishes(
      client: options.client, name: options.name, isShared: options.scope == .project,
      identity: try identity.map { name in try usage { try Identity(name) } },
      url: try databaseURL.flatMap { try Settings.store.given($0) }.map(EntryWishes.absolute),
      workspace: try workspace.map { text in try usage { try Workspace(text) } },
      variables: variables, writesPassword: writesPassword)
  }
}

struct Uninstall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall",
    abstract: "Remove this program from the configuration of a client.",
    discussion: """
      Removes the server, the hooks and the permission, shows the difference, and keeps a copy of each file that it changes. Messages and \
      tasks stay.

      Example:
        cowork-code-mcp-server uninstall claude-code
      """)

  @OptionGroup var options: ClientOptions

  func run() async throws {
    let (_, report) = try options.carryOut {
      try SetupPlan(uninstalling: options.name, from: options.client, scope: options.scope, own: OwnProgram())
    }
    try await options.show(report)
  }
}

// MARK: Output

private struct SetupOutput: StructuredOutput {
  let options: ClientOptions
  let report: SetupReport
  let notes: [String]
  let nextStep: String?

  private var commands: [String] { report.commands.map { $0.map(\.shellQuoted).joined(separator: " ") } }

  var text: String {
    var lines = ""
    for (index, file) in report.files.enumerated() {
      guard file.isChanged else {
        lines += "\(file.path): nothing to change.\n"
        continue
      }
      lines += file.difference
      let commands = index == 0 ? commands : []
      for command in commands { lines += "\(options.dryRun ? "Would run" : "Ran"): \(command)\n" }
      if options.dryRun { continue }
      if commands.isEmpty {
        lines += "\(file.isRemoved ? "Removed" : "Wrote") \(file.path)\(file.backup.map { "; the previous version is in \($0)" } ?? "").\n"
      }
      if !commands.isEmpty, let backup = file.backup { lines += "The previous version of \(file.path) is in \(backup).\n" }
    }
    if report.files.isEmpty { lines += "\(options.client.title) has no configuration: nothing to change.\n" }
    return (lines + (notes + (nextStep.map { [$0] } ?? [])).map { "\($0)\n" }.joined()).harmless
  }

  static let schema = ObjectSchema<Self> {
    Field("client", .string, \.options.client.name)
    Field("scope", .string, \.options.scope.rawValue)
    Field("name", .string, \.options.name)
    Field("changed", .boolean, \.report.isChanged)
    Field("dry_run", .boolean, \.options.dryRun)
    Field("files", .array(.object()), \.report.files)
    Field("commands", .array(.string), \.commands)
    Field("notes", .array(.string), \.notes)
    Field("next_step", .nullable(.string), \.nextStep)
  }
}

extension SetupReport.File: StructuredOutput {
  public static let schema = ObjectSchema<Self> {
    Field("path", .string, \.path)
    Field("changed", .boolean, \.isChanged)
    Field("difference", .string, \.difference)
    Field("backup", .nullable(.string), \.backup)
  }
}
