import JSON

/// The hooks of Claude Code that this program answers.
public enum HookEvent: String, CaseIterable, Sendable {
  case sessionStart = "SessionStart"
  case userPromptSubmit = "UserPromptSubmit"
  case postToolUse = "PostToolUse"
  case stop = "Stop"
  /// A second hook of the event `Stop`, which runs beside the idle session.
  case rewake
}

/// The hooks of this program in a `settings.json` of Claude Code.
public struct Hooks: Sendable {
  /// The program, quoted for a shell.
  private let program: String
  private let arguments: String

  /// A day: `rewake` waits for as long as its session is idle.
  private static let longest: JSON = 86_400

  public init(command: String, arguments: [String]) {
    program = command.shellQuoted
    self.arguments = arguments.map { " " + $0.shellQuoted }.joined()
  }

  /// Appends the hooks to those of the user.
  func install(into json: inout JSONText) throws {
    for event in HookEvent.allCases where event != .rewake {
      let group = group(event)
      let groups = json[Self.path(event.rawValue)]
      if Self.places(in: groups).count == group["hooks"]?.arrayValue?.count, groups?.arrayValue?.contains(group) == true { continue }
      try Self.remove(event.rawValue, from: &json)
      try json.append(group, to: ["hooks", event.rawValue])
    }
  }

  /// Removes the hooks, and whatever is empty after that.
  static func uninstall(from json: inout JSONText) throws {
    for event in json[[.key("hooks")]]?.objectValue?.keys ?? [] { try remove(event, from: &json) }
  }

  /// The command lines of this program's hooks.
  public static func commands(in json: JSON) -> [String] {
    (json["hooks"]?.objectValue?.members ?? []).flatMap { places(in: $0.value).map(\.command) }
  }

  /// The program that a command line starts.
  public static func program(of line: String) -> String {
    guard line.first == "'" else { return line.split(separator: " ").first.map(String.init) ?? line }
    return line.dropFirst().split(separator: "'", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? line
  }

  private func group(_ event: HookEvent) -> JSON {
    var hooks: [JSON] = [["type": "command", "command": .string(command(event)), "timeout": 10]]
    if event == .stop {
      hooks.append(["type": "command", "command": .string(command(.rewake)), "asyncRewake": true, "timeout": Self.longest])
    }
    var group: JSONObject = event == .postToolUse ? ["matcher": "*"] : [:]
    group["hooks"] = .array(hooks)
    return .object(group)
  }

  private func command(_ event: HookEvent) -> String { "\(program) hook \(event.rawValue)\(arguments)" }

  private static func path(_ event: String) -> [JSONText.Step] { [.key("hooks"), .key(event)] }

  /// The places of this program's hooks among the groups of an event.
  private static func places(in groups: JSON?) -> [(group: Int, hook: Int, command: String)] {
    (groups?.arrayValue ?? []).enumerated().flatMap { group in
      (group.element["hooks"]?.arrayValue ?? []).enumerated().compactMap { hook in
        guard let command = hook.element["command"]?.stringValue, command.contains(ServerEntry.program), command.contains(" hook ")
        else { return nil }
        return (group.offset, hook.offset, command)
      }
    }
  }

  private static func remove(_ event: String, from json: inout JSONText) throws {
    let path = path(event)
    let found = places(in: json[path])
    // From the end, so that the other places stay valid.
    for (group, hook, _) in found.reversed() {
      try json.remove(path + [.index(group), .key("hooks"), .index(hook)])
      if json[path + [.index(group), .key("hooks")]]?.arrayValue?.isEmpty == true { try json.remove(path + [.index(group)]) }
    }
    guard !found.isEmpty else { return }
    if json[path]?.arrayValue?.isEmpty == true { try json.remove(path) }
    if json[[.key("hooks")]]?.objectValue?.isEmpty == true { try json.remove([.key("hooks")]) }
  }
}
