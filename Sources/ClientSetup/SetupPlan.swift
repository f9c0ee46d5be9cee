import JSON

/// The changes of a client's configuration. All files are read and edited before the first one is written.
public struct SetupPlan: Sendable {
  private let places: Places
  private let tool: ClientTool?
  /// The arguments that make the tool change the servers; none where the file has to be written.
  private let toolCalls: [[String]]
  private var servers: ConfigurationFile
  private var hooks: ConfigurationFile?

  /// Adds an entry, or changes the one of this name.
  ///
  /// - Parameter isSecret: the entry must not appear on the command line of the client's own command.
  public init(
    installing entry: ServerEntry, as name: String, into client: Client, scope: Client.Scope, hooks: Hooks?, isSecret: Bool = false,
    places: Places = Places()
  ) throws(SetupError) {
    try self.init(client, scope, withHooks: hooks != nil, places) { isThere in
      guard let tool = client.tool, !isSecret else { return [] }
      return (isThere(name) ? [tool.remove(name, scope)] : []) + [tool.add(name, entry, scope)]
    }
    try servers.edit { json in
      let path = client.list + [name]
      if !entry.isStarted(by: json[path.map { .key($0) }]) { try json.set(path, to: entry.json(with: client.extras)) }
    }
    if let hooks { try self.hooks?.edit { try hooks.install(into: &$0) } }
  }

  /// Removes an entry, and the hooks.
  public init(
    uninstalling name: String, from client: Client, scope: Client.Scope, places: Places = Places()
  ) throws(SetupError) {
    try self.init(client, scope, withHooks: true, places) { _ in client.tool.map { [$0.remove(name, scope)] } ?? [] }
    try servers.edit { json in
      let path = (client.list + [name]).map { JSONText.Step.key($0) }
      if json[path] != nil { try json.remove(path) }
    }
    try hooks?.edit { try Hooks.uninstall(from: &$0) }
  }

  private init(
    _ client: Client, _ scope: Client.Scope, withHooks: Bool, _ places: Places, toolCalls: (_ isThere: (String) -> Bool) -> [[String]]
  ) throws(SetupError) {
    guard let path = client.servers(scope, places) else { throw SetupError("\(client.title) has no configuration of a single project.") }
    let servers = try ConfigurationFile(reading: path)
    self.places = places
    self.servers = servers
    tool = client.tool
    hooks = try withHooks ? client.hooks(scope, places).map { path throws(SetupError) in try ConfigurationFile(reading: path) } : nil
    self.toolCalls = toolCalls { name in servers.json[(client.list + [name]).map { .key($0) }] != nil }
  }

  /// - Parameter report: gets the changes of the files, in the unified format, and sentences about them, all with their line ends.
  /// - Returns: whether there is anything to change.
  @discardableResult
  public func carryOut(dryRun: Bool, report: (String) -> Void) throws(SetupError) -> Bool {
    if servers.isChanged, !toolCalls.isEmpty, let tool, let program = places.executable(tool.command) {
      report(servers.difference)
      if dryRun {
        for call in toolCalls { report("Would run: \(tool.shown(call))\n") }
      } else {
        try change(servers, with: tool, at: program, report)
      }
    } else {
      try change(servers, dryRun, report)
    }
    if let hooks { try change(hooks, dryRun, report) }
    return servers.isChanged || hooks?.isChanged == true
  }

  private func change(_ file: ConfigurationFile, _ dryRun: Bool, _ report: (String) -> Void) throws(SetupError) {
    guard file.isChanged else { return report("\(file.path): nothing to change.\n") }
    report(file.difference)
    if !dryRun { try write(file, report) }
  }

  private func write(_ file: ConfigurationFile, _ report: (String) -> Void) throws(SetupError) {
    let copy = try file.write()
    report("Wrote \(file.path)\(copy.map { "; the previous version is in \($0)" } ?? "").\n")
  }

  private func change(_ file: ConfigurationFile, with tool: ClientTool, at program: String, _ report: (String) -> Void) throws(SetupError) {
    let copy = try file.backUp()
    for call in toolCalls {
      if let failure = ClientTool.run(program, call) {
        report("\(tool.shown(call)) failed (\(failure.replacing("\n", with: " "))): changing the file directly.\n")
        return try write(file, report)
      }
      report("Ran: \(tool.shown(call))\n")
    }
    if let copy { report("The previous version of \(file.path) is in \(copy).\n") }
  }
}
