import Bridge
import ClientSetup
import Foundation

/// What the configuration of the clients means for this program.
struct ClientChecks {
  private static let subject = "clients"

  func findings() -> [Finding] {
    let survey = ClientSurvey(isProgram: Self.isThisProgram)
    var findings = survey.broken.map { path, title in
      Finding(
        .warning, Self.subject, "\(path) is not valid JSON, so \(title) ignores it.", advice: "Correct it, or restore a copy.")
    }
    findings += survey.hooks.map(Self.finding)
    guard !survey.entries.isEmpty else {
      let advice = "\(ServerEntry.program) install claude-code --hooks, and install claude-desktop"
      return findings + [Finding(.ok, Self.subject, "No client's configuration names this program yet.", advice: advice)]
    }
    return findings + survey.entries.map(Self.finding) + Self.collisions(survey.entries)
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
    if let problem = server.problem { return finding(.failure, problem, "Correct the entry.") }
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

  private static func finding(_ path: String, _ hooks: [String]) -> Finding {
    let missing = Set(hooks.map(Hooks.program)).filter { file(of: $0).map { !FileManager.default.isExecutableFile(atPath: $0) } ?? true }
    guard missing.isEmpty else {
      return Finding(
        .failure, "hooks", "\(path): there is no program \(missing.sorted().joined(separator: ", ")).",
        advice: "\(ServerEntry.program) install claude-code --hooks")
    }
    return Finding(.ok, "hooks", "\(path): \(counted(hooks.count, "hook")) of this program.")
  }

  /// The file that a command starts; nil where there is none.
  private static func file(of command: String) -> String? {
    if command.contains("/") { return FileManager.default.fileExists(atPath: command) ? command : nil }
    return Places().executable(command)
  }

  private static func isThisProgram(_ path: String) -> Bool {
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    return ThisProgram.path.map { resolved(path) == resolved($0) } ?? false
  }
}

extension ServerEntry {
  fileprivate var identity: String {
    positional ?? environment[Settings.identity.variable] ?? Settings.identity.standard ?? ""
  }

  fileprivate var url: String? { Settings.store.text(in: self) }
  fileprivate var workspace: String? { Settings.workspace.text(in: self) }

  private var location: Result<StoreLocation, any Error> {
    Result { try StoreLocation(url: url, workspace: try workspace.map { try Workspace($0) }) }
  }

  /// The store, without secrets.
  fileprivate var place: String { (try? location.get().description) ?? "a store that cannot be told" }

  /// Why the server would refuse to start.
  fileprivate var problem: String? {
    do {
      _ = try Identity(identity)
      _ = try location.get()
      return nil
    } catch { return "\(error)" }
  }
}
