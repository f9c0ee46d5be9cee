import ArgumentParser
import Bridge
import ClientSetup
import Foundation

/// What the user wishes for an entry in a client's configuration.
struct EntryWishes: Sendable {
  let client: Client
  /// The name of the entry.
  let name: String
  /// Whether others use the configuration on other machines.
  let isShared: Bool
  let identity: Identity?
  let url: String?
  let workspace: Workspace?
  let variables: [String: String]
  let writesPassword: Bool

  /// The stores that are named, of which one may be a variable.
  private var urls: [String] { [url, variables[Settings.store.variable]].compactMap { $0 } }
  private var holdsPassword: Bool { urls.contains(where: StoreLocation.holdsPassword) }

  /// A new entry, or the one that is there, changed as far as needed.
  func entry(from present: ServerEntry?) throws -> ServerEntry {
    try check()
    let own = OwnProgram()
    var entry = present ?? ServerEntry(command: "", arguments: [])
    if isShared {
      entry.command = ServerEntry.program
    } else if present == nil || !own.isFile(of: entry.command) {
      entry.command = Self.executable
      guard Places().file(of: entry.command) != nil else { throw ThisProgram.missing }
    }
    // The arguments of another program, such as `docker`, are none of ours.
    if let present, !own.isStarted(by: present.command), Places().file(of: present.command) != nil { entry.arguments = [] }
    entry.environment.merge(variables) { $1 }
    // An argument would win.
    for setting in [(Settings.store.variable, Settings.store.option), (Settings.workspace.variable, Settings.workspace.option)]
    where variables[setting.0] != nil {
      entry.setOption(setting.1, to: nil)
    }
    if identity != nil || (entry.positional == nil && entry.environment[Settings.identity.variable] == nil) {
      let name = (try identity ?? Identity(client.identity)).name
      entry.setPositional(name)
      if Self.isUnclear(name), entry.arguments.first != "serve" { entry.arguments.insert("serve", at: 0) }
    }
    if let url {
      if holdsPassword || client.hidesEnvironment || entry.environment[Settings.store.variable] != nil {
        entry.setOption(Settings.store.option, to: nil)
        entry.environment[Settings.store.variable] = url
      } else {
        entry.setOption(Settings.store.option, to: url)
      }
    }
    if let url = entry.option(Settings.store.option), StoreLocation.holdsPassword(url) {
      guard writesPassword, !isShared else { throw passwordInArguments }
      entry.setOption(Settings.store.option, to: nil)
      entry.environment[Settings.store.variable] = url
    }
    if let workspace { entry.setOption(Settings.workspace.option, to: workspace.name) }
    guard let problem = entry.problem else { return entry }
    let remedy = "Give other options, correct its arguments, or uninstall it first."
    throw present == nil
      ? ValidationError(problem) : CommandFailure("So \(theEntry) would not work, and nothing was changed. \(problem) \(remedy)")
  }

  /// With the identity and the store of an entry.
  func hooks(for entry: ServerEntry) throws -> Hooks {
    let store = Settings.store.text(in: entry)
    if store.map(StoreLocation.holdsPassword) == true {
      let reason = """
        holds a password, and hooks get the URL as an argument, which every user of this machine can see: put the password into ~/.pgpass \
        or a service file, and leave it out of the URL.
        """
      throw holdsPassword ? ValidationError("The URL of the store \(reason)") : CommandFailure("The store's URL in \(theEntry) \(reason)")
    }
    let options = [
      (Settings.store.option, store), (Settings.workspace.option, Settings.workspace.text(in: entry)),
      (Settings.announceLimit.option, Settings.announceLimit.text(in: entry)),
      (Settings.announceWindow.option, Settings.announceWindow.text(in: entry)),
    ]
    return Hooks(
      program: entry.command,
      arguments: [Settings.identity.option, entry.identity] + options.flatMap { option in option.1.map { [option.0, $0] } ?? [] },
      isShared: isShared)
  }

  private func check() throws {
    if holdsPassword, isShared {
      throw ValidationError("The URL holds a password, and the file is shared with everybody who works on the project: leave it out.")
    }
    if holdsPassword, !writesPassword {
      throw ValidationError(
        """
        The URL holds a password, which everybody who can read the configuration would see: leave it out and put it into ~/.pgpass, or \
        name a libpq service (postgresql://?service=NAME, with the password in ~/.pg_service.conf), or say --write-password.
        """)
    }
    let secrets = ServerEntry(command: "", arguments: [], environment: variables).secretVariables.joined(separator: ", ")
    if !secrets.isEmpty, isShared {
      throw ValidationError(
        "By its name or value, \(secrets) is a secret, and the file is shared with everybody who works on the project: leave it out.")
    }
    if !secrets.isEmpty, !writesPassword {
      throw ValidationError(
        "By its name or value, \(secrets) is a secret, which everybody who can read the configuration would see: leave it out, or say "
          + "--write-password.")
    }
    if isShared, urls.contains(where: { !$0.isEmpty && !$0.hasPrefix("~") && !$0.lowercased().hasPrefix("postgres") }) {
      throw ValidationError("The file is shared with other machines: name a path that begins with ~/, or leave the store out.")
    }
  }

  private var theEntry: String { "the entry \"\(name)\" of \(client.title)" }

  private var passwordInArguments: CommandFailure {
    let remedy = isShared ? "" : "say --write-password to move it to the entry's variables, or "
    return CommandFailure(
      """
      In \(theEntry), the arguments hold a password, which every user of this machine can see; nothing was changed: \(remedy)give \
      --database-url without a password.
      """)
  }

  /// Whether the name of an agent is also that of a command.
  private static func isUnclear(_ name: String) -> Bool {
    CoworkCodeMCPServer.configuration.subcommands.contains { $0._commandName == name } || MistypedCommand.find(in: [name]) != nil
  }

  /// A client starts its servers in a folder of its own.
  static func absolute(_ text: String) throws -> String {
    let url = try usage { try StoreURL.checked(text) }
    if url.contains("://") || url.hasPrefix("/") || url.hasPrefix("~") || url.lowercased().hasPrefix("sqlite:") { return url }
    _ = try usage { try StoreLocation(url: url, workspace: nil) }
    return FileManager.default.currentDirectoryPath + "/" + url
  }

  /// As it was called: a link stays one, since an update may replace the file behind it.
  private static var executable: String {
    let called = CommandLine.arguments.first ?? ""
    if called.contains("/") { return URL(fileURLWithPath: called).standardizedFileURL.path }
    return Places().executable(called) ?? ThisProgram.path ?? ServerEntry.program
  }
}

extension ServerEntry {
  /// The variables that hold a secret, by what their names and values say.
  var secretVariables: [String] { environment.filter { !$0.value.isEmpty && Self.isSecret($0.key, $0.value) }.keys.sorted() }

  static func isSecret(_ name: String, _ value: String) -> Bool {
    if value.contains(/:\/\/[^\/?#\s]*:[^\/?#\s]+@/) || value.contains(/password\s*=/.ignoresCase()) { return true }
    if StoreLocation.holdsPassword(value) { return true }
    // PWD is a folder, PGPASSFILE and TOKEN_FILE are files, MAX_TOKENS is a number.
    let isPlace = name.contains(/^(OLD)?PWD$|_(FILE|PATH|DIR)$/.ignoresCase())
    let secret = /((PASSWORD|SECRET|CREDENTIAL)S?|PASSWD|PASSPHRASE|TOKEN|KEY|(^|_)(PASS|PWD))[0-9]*(_|$)/.ignoresCase()
    return !isPlace && name.contains(secret)
  }
}
