import JSON
import SystemSupport

/// The changes of a client's configuration. All files are read, edited and written aside before the first one is replaced.
public struct SetupPlan: Sendable {
  private let edit: @Sendable (inout ConfigurationFile) throws -> Void
  /// What is installed.
  public private(set) var entry: ServerEntry?
  private var servers: [ConfigurationFile] = []
  private var settings: ConfigurationFile?
  /// The command line that makes the client itself change its only file of servers; nil if we do.
  private var call: [String]?
  /// Whether a text is what that file is to become.
  private let isReached: @Sendable (EditedText) -> Bool
  private var notes: [String] = []
  /// What the client leaves to be done.
  private var cleanUp: @Sendable (inout ConfigurationFile) throws -> Void = { _ in }

  /// What is written besides the entry of the server.
  public struct Extras: Sendable {
    /// The hooks for an entry; nil where the client runs none.
    public var hooks: (@Sendable (ServerEntry) throws -> Hooks)?
    /// Whether hooks are added. Those that are there follow the entry anyway.
    public var addsHooks = false
    /// Whether the server's tools are allowed.
    public var allowsTools = false

    public init() {}
  }

  /// Adds an entry, or changes the one of this name.
  ///
  /// - Parameter make: gets the entry that is there.
  public init(
    installing name: String, into client: Client, scope: Client.Scope, extras: Extras = Extras(), own: OwnProgram,
    places: Places = Places(),
    make: @escaping @Sendable (ServerEntry?) throws -> ServerEntry
  ) throws {
    let format = client.format
    edit = { file in
      let present = try file.server(name, format)
      let entry = try make(present)
      file.secrets = (present?.secrets(own) ?? []) + entry.secrets(own)
      try file.edit { try format.install(entry, as: name, in: &$0) }
    }
    servers = try Self.chosen(client, scope, name, places).map { path throws(SetupError) in try ConfigurationFile(reading: path) }
    let present = try servers[0].server(name, format)
    let entry = try make(present)
    self.entry = entry
    isReached = { text in
      let found = try? format.server(name, in: text)
      return found?.command == entry.command && found?.arguments == entry.arguments
    }
    for index in servers.indices { try edit(&servers[index]) }
    // A variable of the entry would stand in the list of arguments, and an entry that is there would lose what else it says.
    if let tool = client.tool, places.executable(tool.command) != nil, present == nil, entry.environment.isEmpty {
      call = tool.add(name, entry, scope)
    }
    guard let path = client.settings(scope, places) else { return }
    var own = own
    own.known.formUnion([present?.command, entry.command].compactMap { $0 })
    try change(path, entry, name, extras, own)
  }

  private mutating func change(_ path: String, _ entry: ServerEntry, _ name: String, _ extras: Extras, _ own: OwnProgram) throws {
    let isWished = extras.addsHooks || extras.allowsTools
    guard var file = isWished ? try ConfigurationFile(reading: path) : try? ConfigurationFile(reading: path) else { return }
    let present = (try? JSONText(file.text)).map { Hooks.found(in: $0, own) } ?? []
    let hooks = try extras.addsHooks || !present.isEmpty ? extras.hooks?(entry) : nil
    if let hooks, let old = present.first?.arguments, old != hooks.arguments {
      notes.append("The hooks follow \(name) from now on: \(hooks.words), instead of \(Hooks.words(old)).")
    }
    guard hooks != nil || extras.allowsTools else { return }
    try file.edit {
      var json = try JSONText($0)
      try hooks?.install(in: &json, own)
      if extras.allowsTools { try Permission.allow(name, in: &json) }
      $0 = json.text
    }
    settings = file
  }

  /// Removes an entry, its hooks unless another entry of this program needs them, and its permission.
  ///
  /// - Throws: `SetupError` also if the entry is another program's.
  public init(
    uninstalling name: String, from client: Client, scope: Client.Scope, own: OwnProgram, places: Places = Places()
  ) throws {
    let format = client.format
    let isGone = { @Sendable (text: EditedText) in (try? format.servers(in: text))?.contains { $0.name == name } == false }
    isReached = isGone
    cleanUp = { file in
      let earlier = file.earlier(isGone)
      try file.edit { try format.cleanUp(&$0, earlier: earlier) }
      file.restore(earlier)
      file.removeIfEmpty(earlier: earlier)
    }
    edit = { file in
      let present = try file.server(name, format)
      file.secrets = present?.secrets(own) ?? []
      let earlier = file.earlier(isGone)
      try file.edit { try format.remove(name, from: &$0, earlier: earlier) }
      file.restore(earlier)
      file.removeIfEmpty(earlier: earlier)
    }
    let paths = Self.all(client, scope, places)
    servers = try paths.map { path throws(SetupError) in try ConfigurationFile(reading: path) }
    var own = own
    var others: Set<String> = []
    for index in servers.indices {
      let path = servers[index].path
      if let present = try servers[index].server(name, format) {
        guard own.isStarted(by: present) else {
          throw SetupError(
            "\(path): the entry \"\(name)\" starts another program, and nothing was changed: take it out by hand if it is to go.")
        }
        own.known.insert(present.command)
      }
      try edit(&servers[index])
      others.formUnion((try? format.servers(in: servers[index].text))?.filter { own.isStarted(by: $0.entry) }.map(\.name) ?? [])
    }
    if let tool = client.tool, places.executable(tool.command) != nil { call = tool.remove(name, scope) }
    guard let path = client.settings(scope, places) else { return }
    var file = try ConfigurationFile(reading: path)
    let program = own
    let isUsers = file.isInAllCopies { (try? JSONText($0)).map { Permission.isAllowed(name, in: $0) } ?? true }
    let earlier = file.earlier { text in
      (try? JSONText(text)).map { Hooks.found(in: $0, .any).isEmpty && (isUsers || !Permission.isAllowed(name, in: $0)) } ?? false
    }
    let other = others.sorted().first
    try file.edit {
      var json = try JSONText($0)
      if other == nil { try Hooks.remove(from: &json, program, earlier: earlier) }
      if !isUsers { try Permission.remove(name, from: &json, earlier: earlier) }
      $0 = json.text
    }
    if let other, let json = try? JSONText(file.text), !Hooks.found(in: json, own).isEmpty {
      notes.append("The hooks stay for \(other). With `install \(client.name) --hooks --name \(other)` they follow it.")
    }
    file.restore(earlier)
    file.removeIfEmpty(earlier: earlier)
    settings = file
  }

  // MARK: Files

  /// Each once, where links lead to the same one.
  private static func all(_ client: Client, _ scope: Client.Scope, _ places: Places) -> [String] {
    var seen: Set<String> = []
    return client.files(scope, places).filter { seen.insert(FileSystem.resolved($0)).inserted }
  }

  /// The files for an entry: those that have it, else one that exists, else the first.
  private static func chosen(_ client: Client, _ scope: Client.Scope, _ name: String, _ places: Places) throws(SetupError) -> [String] {
    let all = all(client, scope, places)
    guard let first = all.first else { throw SetupError("\(client.title) has no configuration of a single project.") }
    if client.usesAllFolders {
      let there = all.filter { FileSystem.allows(FileSystem.split($0).folder) }
      return there.isEmpty ? [first] : there
    }
    let there = all.filter { FileSystem.allows($0) }
    for path in there.dropFirst() {
      if try ConfigurationFile(reading: path).server(name, client.format) != nil { return [path] }
    }
    return [there.first ?? first]
  }

  // MARK: Carrying out

  /// - Throws: `SetupError`; nothing is changed then, unless it says so.
  @discardableResult
  public func carryOut(dryRun: Bool) throws -> SetupReport {
    let files = servers + (settings.map { [$0] } ?? [])
    var report = SetupReport(
      files: files.map { .init(path: $0.path, isChanged: $0.isChanged, isRemoved: $0.isObsolete, difference: $0.difference) })
    report.notes = notes
    let isCalled = call != nil && servers.contains { $0.isChanged }
    if dryRun || !report.isChanged {
      if isCalled, let call { report.commands = [call] }
      return report
    }
    var drafts: [(file: Int, draft: NewFile?)] = []
    do {
      for index in files.indices where files[index].isChanged {
        report.files[index].backup = try files[index].backUp()
        if index > 0 || !isCalled { drafts.append((index, try files[index].draft())) }
      }
    } catch {
      Self.discard(drafts.map(\.draft), report.files)
      throw error
    }
    do {
      if isCalled, let call { try self.call(call, drafts.map(\.draft), &report) }
    } catch {
      Self.discard(drafts.map(\.draft), drafts.map { report.files[$0.file] })
      throw error
    }
    while let (index, draft) = drafts.first {
      do { try files[index].put(draft) } catch {
        Self.discard(drafts.map(\.draft), drafts.map { report.files[$0.file] })
        let changed = report.files.indices.filter { file in files[file].isChanged && !drafts.contains { $0.file == file } }
        guard !changed.isEmpty else { throw error }
        let places = changed.map { report.files[$0].place }.joined(separator: ", ")
        throw SetupError("Changed \(places). What was to be done after that failed: \(error)")
      }
      drafts.removeFirst()
    }
    return report
  }

  /// Leaves no trace, since nothing is changed.
  private static func discard(_ drafts: [NewFile?], _ files: [SetupReport.File]) {
    for draft in drafts { draft?.discard() }
    for file in files { file.backup.map(FileSystem.remove) }
  }

  /// Has the client change its file, and looks whether it did.
  private func call(_ call: [String], _ drafts: [NewFile?], _ report: inout SetupReport) throws {
    let line = call.map(\.shellQuoted).joined(separator: " ")
    let failure = ClientTool.run(call) { [files = report.files] in Self.discard(drafts, files) }
    let isChanged = !servers[0].isAsItWas
    do {
      var file = try ConfigurationFile(reading: servers[0].path)
      if failure == nil, isReached(file.text) {
        report.commands = [call]
        try cleanUp(&file)
      } else {
        try edit(&file)
        let reason = failure ?? (isChanged ? "it changed the file, but not as asked" : "the file is as before")
        report.notes.append("\(line) failed (\(reason))\(file.isChanged ? ": changed the file directly" : "").")
      }
      guard file.isChanged else { return }
      let draft = try file.draft()
      do { try file.put(draft) } catch {
        draft?.discard()
        throw error
      }
    } catch  where isChanged {
      throw SetupError("\(line) changed \(report.files[0].place). What was to be done after that failed: \(error)")
    }
  }
}

/// What was changed, or would be.
public struct SetupReport: Sendable {
  public struct File: Sendable {
    public let path: String
    public let isChanged: Bool
    /// Whether nothing is left of it.
    public let isRemoved: Bool
    public let difference: String
    /// A copy of what the file was before.
    public fileprivate(set) var backup: String?

    fileprivate var place: String { path + (backup.map { "; the previous version is in \($0)" } ?? "") }
  }

  public fileprivate(set) var files: [File]
  /// The client's own command lines, which change the first file.
  public fileprivate(set) var commands: [[String]] = []
  public fileprivate(set) var notes: [String] = []

  public var isChanged: Bool { files.contains(where: \.isChanged) }
}

extension ConfigurationFile {
  /// An entry of the file as it is.
  fileprivate func server(_ name: String, _ format: any ServerFormat) throws(SetupError) -> ServerEntry? {
    var (copy, found) = (self, ServerEntry?.none)
    try copy.edit { found = try format.server(name, in: $0) }
    return found
  }
}
