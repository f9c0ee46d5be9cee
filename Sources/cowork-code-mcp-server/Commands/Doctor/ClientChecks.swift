import Bridge
import ClientSetup
import Foundation
import SystemSupport

/// What the configuration of the clients means for this program.
struct ClientChecks {
  /// The store that doctor checks.
  let location: StoreLocation

  private static let subject = "clients"

  func findings() -> [Finding] {
    let survey = ClientSurvey(own: OwnProgram())
    var findings = survey.broken.map { path, title, language in
      Finding(
        .warning, Self.subject, "\(path) is not valid \(language), so \(title) ignores it.", advice: "Correct it, or restore a copy.")
    }
    findings +=
      survey.hooks.map { Self.finding($0.path, $0.hooks, Self.entry(for: $0.scope, in: survey.entries)) }
    let processes = survey.entries.isEmpty ? [] : Self.processes()
    findings += Self.replaced(survey.entries, processes) + Self.outdated(survey.entries, processes)
    guard !survey.entries.isEmpty else {
      let advice = "\(ServerEntry.program) install claude-code --hooks, and install claude-desktop"
      return findings + [Finding(.ok, Self.subject, "No client's configuration names this program yet.", advice: advice)]
    }
    return findings + survey.entries.map(Self.finding) + Self.collisions(survey.entries) + strangers(survey.entries)
  }

  /// The entry that goes with the hooks of a scope.
  private static func entry(for scope: Client.Scope, in entries: [ClientSurvey.Entry]) -> ClientSurvey.Entry? {
    let own = entries.filter { $0.client.hasSettings }
    return own.first { $0.scope == scope } ?? own.first
  }

  /// The clients may all use another store than the one that was checked.
  private func strangers(_ entries: [ClientSurvey.Entry]) -> [Finding] {
    guard let first = entries.first, !entries.contains(where: { $0.server.place == location.description }) else { return [] }
    let found = "This checks \(location.description), and \(first.title) uses \(first.server.place): they never meet."
    return [Finding(.warning, Self.subject, found, advice: "Give doctor the store of the entry, or the entry this store.")]
  }

  /// Servers that run on with a program that has been replaced since.
  private static func replaced(_ entries: [ClientSurvey.Entry], _ processes: [RunningProgram]) -> [Finding] {
    let programs = Set(entries.compactMap { file(of: $0.server.command).map(FileSystem.resolved) }.map { "\($0) (deleted)" })
    let pids = processes.filter { programs.contains($0.path) }.map(\.pid)
    guard !pids.isEmpty else { return [] }
    let numbers = pids.sorted().prefix(8).map(String.init).joined(separator: ", ")
    let found = "A program that has been replaced since still runs: process \(numbers)."
    return [Finding(.warning, "programs", found, advice: "Restart their clients.")]
  }

  /// Servers that run on for another store than the configuration of their agent names.
  private static func outdated(_ entries: [ClientSurvey.Entry], _ processes: [RunningProgram]) -> [Finding] {
    let commands = Set(CoworkCodeMCPServer.configuration.subcommands.map { $0._commandName }).subtracting([Serve._commandName])
    return processes.compactMap { pid, path in
      guard isThisProgram(path), let words = strings("/proc/\(pid)/cmdline"), let variables = strings("/proc/\(pid)/environ"),
        words.dropFirst().allSatisfy({ !commands.contains($0) }), variables.contains("HOME=\(FileSystem.homeFolder)")
      else { return nil }
      let pairs = variables.map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init) }
      let environment = Dictionary(pairs.filter { $0.count == 2 && !$0[1].isEmpty }.map { ($0[0], $0[1]) }) { $1 }
      let server = ServerEntry(command: path, arguments: Array(words.dropFirst()), environment: environment)
      let named = entries.filter { $0.server.identity == server.identity }
      guard let first = named.first, !named.contains(where: { $0.server.place == server.place }) else { return nil }
      return Finding(
        .warning, "programs",
        "Process \(pid) runs as \(server.identity.harmlessLine) on \(server.place), and \(first.title) is configured for \(first.server.place).",
        advice: "Restart its client.")
    }
  }

  private typealias RunningProgram = (pid: Int32, path: String)

  /// Those of all processes, where the system lets them be seen.
  private static func processes() -> [RunningProgram] {
    #if os(Linux)
      return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.compactMap { pid in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")).map { (pid, $0) }
      }
    #else
      return []
    #endif
  }

  private static func strings(_ path: String) -> [String]? {
    FileSystem.contents(of: path)?.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func finding(_ entry: ClientSurvey.Entry) -> Finding {
    let server = entry.server
    let what = "\(entry.title): \(entry.name), as \(server.identity) on \(server.place)"
    func finding(_ verdict: Finding.Verdict, _ found: String, _ advice: String) -> Finding {
      Finding(verdict, subject, "\(what): \(found)", advice: advice)
    }
    let install = "\(ServerEntry.program) install …"
    guard let path = file(of: server.command) else {
      return finding(
        .failure, "there is no program \(server.command).", "Install it again with this program: \(install), or correct the path.")
    }
    guard FileManager.default.isExecutableFile(atPath: path) else {
      return finding(.failure, "\(path) is not executable.", "chmod +x \(path)")
    }
    if let problem = server.problem {
      return finding(.failure, problem, "Correct the entry, or uninstall it and install it again.")
    }
    if server.url.map(StoreLocation.holdsPassword) == true {
      let advice = "Put the password into ~/.pgpass, and leave it out of the URL."
      return finding(.warning, "its URL holds a password, for everybody who can read that file.", advice)
    }
    if !isThisProgram(path) {
      return finding(.warning, "it starts \(path), which is not this program.", "Update both, or install this one: \(install)")
    }
    return Finding(.ok, subject, "\(what).")
  }

  /// Two clients that are the same agent on the same store take each other's messages.
  private static func collisions(_ entries: [ClientSurvey.Entry]) -> [Finding] {
    var first = [String: ClientSurvey.Entry]()
    var findings = [Finding]()
    for entry in entries {
      let key = "\(entry.server.identity) \(entry.server.url ?? "") \(entry.server.workspace ?? "")"
      guard let other = first[key] else {
        first[key] = entry
        continue
      }
      // One server that is configured twice for one client is started once.
      if other.name == entry.name, other.client.name == entry.client.name { continue }
      findings.append(
        Finding(
          .warning, subject, "\(other.title) and \(entry.title) are both \(entry.server.identity): each message reaches one of them only.",
          advice: "Give one of them another name, such as cowork."))
    }
    return findings
  }

  private static func finding(_ path: String, _ hooks: [Hooks.Found], _ entry: ClientSurvey.Entry?) -> Finding {
    let install = "\(ServerEntry.program) install claude-code --hooks"
    func finding(_ verdict: Finding.Verdict, _ found: String) -> Finding { Finding(verdict, "hooks", "\(path): \(found)", advice: install) }
    let places = Places()
    let missing = Set(hooks.map(\.program)).filter { places.file(of: $0).map { !FileManager.default.isExecutableFile(atPath: $0) } ?? true }
    guard missing.isEmpty else { return finding(.failure, "there is no program \(missing.sorted().joined(separator: ", ")).") }
    // A shell may make something else of these characters.
    for hook in hooks where !hook.arguments.contains(where: { $0.contains(/[$`<>(]/) }) {
      do { _ = try CoworkCodeMCPServer.parseAsRoot([Hook._commandName, hook.event.rawValue] + hook.arguments) } catch {
        return finding(.failure, "the hook \(hook.event.rawValue) fails. \(ServerEntry.sentence(for: error, hook.arguments))")
      }
    }
    let events = Set(hooks.map(\.event))
    if hooks.count > events.count { return finding(.warning, "\(hooks.count) hooks of this program, some of them for the same event.") }
    let absent = HookEvent.allCases.filter { !events.contains($0) }.map(\.rawValue)
    if !absent.isEmpty { return finding(.warning, "there is no hook \(absent.joined(separator: ", ")).") }
    for hook in hooks {
      guard let server = entry?.server, let title = entry?.title else { break }
      let own = ServerEntry(command: hook.program, arguments: hook.arguments)
      let identity = own.option(Settings.identity.option) ?? server.identity
      if identity != server.identity || own.place != server.place {
        return finding(.warning, "they are \(identity) on \(own.place), and \(title) is \(server.identity) on \(server.place).")
      }
    }
    return Finding(.ok, "hooks", "\(path): \(counted(hooks.count, "hook")) of this program.")
  }

  /// The file that a command starts; nil where there is none.
  private static func file(of command: String) -> String? { Places().file(of: command) }

  private static func isThisProgram(_ path: String) -> Bool { OwnProgram().isFile(of: path) }
}

extension ServerEntry {
  fileprivate var url: String? { Settings.store.text(in: self) }
  fileprivate var workspace: String? { Settings.workspace.text(in: self) }

  private var location: Result<StoreLocation, any Error> {
    Result { try StoreLocation(url: url, workspace: try workspace.map { try Workspace($0) }) }
  }

  /// The store, without secrets.
  fileprivate var place: String { (try? location.get().description) ?? "a store that cannot be told" }
}
