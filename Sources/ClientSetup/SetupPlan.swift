import JSON

/// The changes of a client's configuration. All files are read and edited before the first one is written.
public struct SetupPlan: Sendable {
  private var servers: ConfigurationFile
  private var hooks: ConfigurationFile?
  /// The command lines that make the client itself change the servers; none if the file has to be written.
  private var calls: [[String]] = []

  /// Adds an entry, or changes the one of this name.
  ///
  /// - Parameter isSecret: the entry must not appear on the command line of the client's own command.
  public init(
    installing entry: ServerEntry, as name: String, into client: Client, scope: Client.Scope, hooks: Hooks?, isSecret: Bool = false,
    places: Places = Places()
  ) throws(SetupError) {
    try self.init(client, scope, withHooks: hooks != nil, places)
    let present = servers.json[client.path(name)]
    if let tool = client.tool, !isSecret, places.executable(tool.command) != nil {
      calls = (present == nil ? [] : [tool.remove(name, scope)]) + [tool.add(name, entry, scope)]
    }
    if !entry.isStarted(by: present) { try servers.edit { try $0.set(client.list + [name], to: entry.json(with: client.extras)) } }
    if let hooks { try self.hooks?.edit { try hooks.install(into: &$0) } }
  }

  /// Removes an entry, and the hooks.
  public init(uninstalling name: String, from client: Client, scope: Client.Scope, places: Places = Places()) throws(SetupError) {
    try self.init(client, scope, withHooks: true, places)
    if let tool = client.tool, places.executable(tool.command) != nil { calls = [tool.remove(name, scope)] }
    try servers.edit { if $0[client.path(name)] != nil { try $0.remove(client.path(name)) } }
    try hooks?.edit { try Hooks.uninstall(from: &$0) }
  }

  private init(_ client: Client, _ scope: Client.Scope, withHooks: Bool, _ places: Places) throws(SetupError) {
    guard let path = client.servers(scope, places) else { throw SetupError("\(client.title) has no configuration of a single project.") }
    servers = try ConfigurationFile(reading: path)
    if withHooks, let path = client.hooks(scope, places) { hooks = try ConfigurationFile(reading: path) }
  }

  /// - Parameter report: gets the changes of the files, in the unified format, and sentences about them, all with their line ends.
  /// - Returns: whether there is anything to change.
  @discardableResult
  public func carryOut(dryRun: Bool, report: (String) -> Void) throws(SetupError) -> Bool {
    try change(servers, calls, dryRun, report)
    if let hooks { try change(hooks, [], dryRun, report) }
    return servers.isChanged || hooks?.isChanged == true
  }

  private func change(_ file: ConfigurationFile, _ calls: [[String]], _ dryRun: Bool, _ report: (String) -> Void) throws(SetupError) {
    guard file.isChanged else { return report("\(file.path): nothing to change.\n") }
    report(file.difference)
    let copy = try dryRun ? nil : file.backUp()
    for call in calls {
      let line = call.joined(separator: " ")
      if dryRun {
        report("Would run: \(line)\n")
        continue
      }
      if let failure = ClientTool.run(call) {
        report("\(line) failed (\(failure.replacing("\n", with: " "))): changing the file directly.\n")
        return try write(file, copy, report)
      }
      report("Ran: \(line)\n")
    }
    if calls.isEmpty, !dryRun { return try write(file, copy, report) }
    if let copy { report("The previous version of \(file.path) is in \(copy).\n") }
  }

  private func write(_ file: ConfigurationFile, _ copy: String?, _ report: (String) -> Void) throws(SetupError) {
    try file.write()
    report("Wrote \(file.path)\(copy.map { "; the previous version is in \($0)" } ?? "").\n")
  }
}

extension Client {
  fileprivate func path(_ server: String) -> [JSONText.Step] { (list + [server]).map { .key($0) } }
}
