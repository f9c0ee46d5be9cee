import Bridge
import Foundation
import JSON
import MCP

/// What the clients' configuration says about this program.
struct ClientChecks {
  /// An entry of a client that starts this program.
  struct Entry {
    /// For people.
    let client: String
    let server: String
    let command: String
    let arguments: [String]
    let environment: [String: String]
  }

  private static let name = "cowork-code-mcp-server"
  private static let subject = "clients"

  func findings() -> [Finding] {
    var findings = [Finding]()
    var entries = [Entry]()
    for (client, path) in files {
      guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { continue }
      guard let json = try? JSON(decoding: Array(data)) else {
        findings.append(
          Finding(.warning, Self.subject, "\(path) is not valid JSON, so \(client) ignores it.", advice: "Correct it, or restore a copy."))
        continue
      }
      entries += Self.entries(json, client)
      findings += Self.hooks(json, path)
    }
    guard !entries.isEmpty else {
      let advice = "\(Self.name) install claude-code --hooks, and install claude-desktop"
      return findings + [Finding(.ok, Self.subject, "No client's configuration names this program yet.", advice: advice)]
    }
    return findings + entries.map(finding) + Self.collisions(entries)
  }

  private var files: [(client: String, path: String)] {
    [
      ("Claude Code", ClientPaths.claudeCodeServers(.user)), ("Claude Code (this project)", ClientPaths.claudeCodeServers(.project)),
      ("Claude Code", ClientPaths.claudeCodeSettings(.user)), ("Claude Code (this project)", ClientPaths.claudeCodeSettings(.project)),
      ("Claude Desktop", ClientPaths.claudeDesktop),
    ]
  }

  // MARK: Servers

  private static func entries(_ json: JSON, _ client: String) -> [Entry] {
    let projects = json["projects"]?.objectValue.map { projects in
      projects.keys.map { ("\(client) (\($0))", projects[$0]?["mcpServers"]) }
    }
    let lists = [(client, json["mcpServers"])] + (projects ?? [])
    return lists.flatMap { client, servers in
      (servers?.objectValue?.keys ?? []).compactMap { name in entry(servers?[name], name, client) }
    }
  }

  private static func entry(_ json: JSON?, _ server: String, _ client: String) -> Entry? {
    guard let command = json?["command"]?.stringValue else { return nil }
    let arguments = json?["args"]?.arrayValue?.compactMap(\.stringValue) ?? []
    guard (command as NSString).lastPathComponent == name || isThis(command) else { return nil }
    var environment = [String: String]()
    for key in json?["env"]?.objectValue?.keys ?? [] { environment[key] = json?["env"]?[key]?.stringValue }
    return Entry(client: client, server: server, command: command, arguments: arguments, environment: environment)
  }

  private func finding(_ entry: Entry) -> Finding {
    let what = "\(entry.client): \(entry.server), as \(entry.identity) on \(entry.place)"
    guard let path = Self.located(entry.command) else {
      return Finding(
        .failure, Self.subject, "\(what): there is no program \(entry.command).",
        advice: "Install it anew with this program: \(Self.name) install …, or correct the path.")
    }
    guard FileManager.default.isExecutableFile(atPath: path) else {
      return Finding(.failure, Self.subject, "\(what): \(path) may not be executed.", advice: "chmod +x \(path)")
    }
    if let problem = entry.problem { return Finding(.failure, Self.subject, "\(what): \(problem)", advice: "Correct the entry.") }
    if entry.holdsPassword {
      return Finding(
        .warning, Self.subject, "\(what): its URL holds a password, for everybody who can read that file.",
        advice: "Put the password into ~/.pgpass, and leave it out of the URL.")
    }
    if !Self.isThis(path) {
      return Finding(
        .warning, Self.subject, "\(what): it starts \(path), which is another file than this program.",
        advice: "Update both, or install this one: \(Self.name) install …")
    }
    return Finding(.ok, Self.subject, "\(what).")
  }

  /// Two clients that are the same agent on the same store take each other's messages.
  private static func collisions(_ entries: [Entry]) -> [Finding] {
    var first = [String: Entry]()
    var findings = [Finding]()
    for entry in entries {
      let key = "\(entry.identity) \(entry.url ?? "") \(entry.workspace ?? "")"
      guard let other = first[key] else {
        first[key] = entry
        continue
      }
      // One server that is configured twice for one client is started once.
      if other.server == entry.server, other.client.prefix(11) == entry.client.prefix(11) { continue }
      findings.append(
        Finding(
          .warning, subject, "\(other.client) and \(entry.client) are both \(entry.identity): each message reaches one of them only.",
          advice: "Give one of them another name, such as cowork."))
    }
    return findings
  }

  // MARK: Hooks

  private static func hooks(_ json: JSON, _ path: String) -> [Finding] {
    let events = json["hooks"]?.objectValue?.keys ?? []
    let commands = events.flatMap { event in
      (json["hooks"]?[event]?.arrayValue ?? []).flatMap { $0["hooks"]?.arrayValue ?? [] }.compactMap { $0["command"]?.stringValue }
    }.filter { $0.contains(name) && $0.contains(" hook ") }
    guard !commands.isEmpty else { return [] }
    let programs = Set(commands.map(program))
    let missing = programs.filter { located($0).map { !FileManager.default.isExecutableFile(atPath: $0) } ?? true }
    guard missing.isEmpty else {
      return [
        Finding(
          .failure, "hooks", "\(path): there is no program \(missing.sorted().joined(separator: ", ")).",
          advice: "\(name) install claude-code --hooks")
      ]
    }
    return [Finding(.ok, "hooks", "\(path): \(counted(commands.count, "hook")) of this program.")]
  }

  /// The first word of a line for a shell.
  private static func program(_ line: String) -> String {
    guard line.first == "'" else { return line.split(separator: " ").first.map(String.init) ?? line }
    return line.dropFirst().split(separator: "'", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? line
  }

  // MARK: Files

  /// Where a command is; nil where nothing is.
  private static func located(_ command: String) -> String? {
    if command.contains("/") { return FileManager.default.fileExists(atPath: command) ? command : nil }
    return (Environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(command)" }.first(where: FileManager.default.fileExists)
  }

  private static func isThis(_ path: String) -> Bool {
    guard let own = ThisProgram.path else { return false }
    return resolved(path) == resolved(own)
  }

  private static func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
}

extension ClientChecks.Entry {
  /// What follows an option, as one word or behind `=`.
  private func option(_ name: String) -> String? {
    for (index, argument) in arguments.enumerated() {
      if argument == name { return index + 1 < arguments.count ? arguments[index + 1] : nil }
      if argument.hasPrefix(name + "=") { return String(argument.dropFirst(name.count + 1)) }
    }
    return nil
  }

  /// The agent's name.
  var identity: String {
    let rest = arguments.first == "serve" ? arguments.dropFirst() : arguments[...]
    var isValue = false
    for argument in rest {
      if isValue {
        isValue = false
      } else if argument.hasPrefix("-") {
        isValue = !argument.contains("=")
      } else {
        return argument
      }
    }
    return environment["COWORK_IDENTITY"] ?? Identity.code.name
  }

  var url: String? { option("--database-url") ?? environment["COWORK_DATABASE_URL"] }
  var workspace: String? { option("--workspace") ?? environment["COWORK_WORKSPACE"] }
  var holdsPassword: Bool { url.map(PasswordInURL.isThere) ?? false }

  private var location: Result<StoreLocation, any Error> {
    Result { try StoreLocation(url: url, workspace: try workspace.map { try Workspace($0) }) }
  }

  /// The store, without secrets.
  var place: String { (try? location.get().description) ?? "a store that cannot be told" }

  /// Why the server would refuse to start.
  var problem: String? {
    do {
      _ = try Identity(identity)
      _ = try location.get()
      return nil
    } catch { return "\(error)" }
  }
}
