import JSON
import SystemSupport

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
  private let program: String
  let arguments: [String]
  /// Whether others use the file, on machines that may not have the program.
  private let isShared: Bool

  /// A day: `rewake` waits for as long as its session is idle.
  private static let longest: JSON = 86_400

  public init(program: String, arguments: [String], isShared: Bool = false) {
    (self.program, self.arguments, self.isShared) = (program, arguments, isShared)
  }

  /// A hook of this program, and where it is.
  public struct Found: Sendable {
    public let program: String
    public let event: HookEvent
    /// What follows the event.
    public let arguments: [String]
    fileprivate let key: String
    fileprivate let group, index: Int
  }

  /// The arguments for people.
  var words: String { Self.words(arguments) }
  static func words(_ arguments: [String]) -> String { arguments.isEmpty ? "without options" : arguments.joined(separator: " ") }

  /// Appends the hooks to those of the user, in place of older ones of this program.
  func install(in json: inout JSONText, _ own: OwnProgram) throws {
    for event in HookEvent.allCases where event != .rewake {
      let group = group(event)
      let found = Self.found(in: json, own, event.rawValue)
      let groups = json[[.key("hooks"), .key(event.rawValue)]]?.arrayValue
      if found.count == group["hooks"]?.arrayValue?.count, groups?.contains(group) == true { continue }
      try Self.remove(found, from: &json)
      try json.append(group, to: ["hooks", event.rawValue])
    }
  }

  /// Removes the hooks, and what is empty after that and was not so in an earlier text.
  static func remove(from json: inout JSONText, _ own: OwnProgram, earlier: EditedText?) throws {
    let found = found(in: json, own)
    try remove(found, from: &json)
    for key in Set(found.map(\.key)).sorted() { try json.removeIfEmpty(["hooks", key], earlier: earlier) }
  }

  static func found(in json: JSONText, _ own: OwnProgram, _ event: String? = nil) -> [Found] {
    (json[[.key("hooks")]]?.objectValue?.members ?? []).filter { event == nil || $0.key == event }.flatMap { event in
      (event.value.arrayValue ?? []).enumerated().flatMap { group in
        (group.element["hooks"]?.arrayValue ?? []).enumerated().compactMap { hook in
          found(in: hook.element, own, event.key, group.offset, hook.offset)
        }
      }
    }
  }

  /// By the arguments, since the program may have another name.
  private static func found(in hook: JSON, _ own: OwnProgram, _ key: String, _ group: Int, _ index: Int) -> Found? {
    guard let command = hook["command"]?.stringValue else { return nil }
    let words = hook["args"]?.arrayValue.map { [command] + $0.compactMap(\.stringValue) } ?? command.shellWords
    for place in words.indices.dropLast(2) where words[place + 1] == "hook" && own.isStarted(by: words[place]) {
      guard place == 0 || isBeforeProgram(words[place - 1]),
        let event = HookEvent.allCases.first(where: { $0.rawValue.lowercased() == words[place + 2].lowercased() })
      else { continue }
      return Found(
        program: words[place], event: event, arguments: Array(words[(place + 3)...].prefix { !separators.contains($0) }), key: key,
        group: group, index: index)
    }
    return nil
  }

  private static let separators: Set = [";", "&&", "||", "|", "&"]

  /// Whether the next word of a line is a program, and not an argument of another one.
  private static func isBeforeProgram(_ word: String) -> Bool {
    separators.contains(word) || ["exec", "env", "nohup"].contains(FileSystem.split(word).name) || word.wholeMatch(of: /\w+=.*/) != nil
  }

  private static func remove(_ found: [Found], from json: inout JSONText) throws {
    // From the end, so that the other places stay valid.
    for hook in found.reversed() {
      let group: [JSONText.Step] = [.key("hooks"), .key(hook.key), .index(hook.group)]
      try json.remove(group + [.key("hooks"), .index(hook.index)])
      if json[group + [.key("hooks")]]?.arrayValue?.isEmpty == true { try json.remove(group) }
    }
  }

  private func group(_ event: HookEvent) -> JSON {
    var hooks = [hook(event, ["timeout": 10])]
    if event == .stop { hooks.append(hook(.rewake, ["asyncRewake": true, "timeout": Self.longest])) }
    var group: JSONObject = event == .postToolUse ? ["matcher": "*"] : [:]
    group["hooks"] = .array(hooks)
    return .object(group)
  }

  /// Claude Code starts a hook with `args` itself; else a shell does, which has the program take its place. Either way the session is the
  /// parent of the hook, and can end it.
  private func hook(_ event: HookEvent, _ extras: JSONObject) -> JSON {
    let words = ["hook", event.rawValue] + arguments
    var hook: JSONObject = ["type": "command"]
    if isShared {
      let line = ([program] + words).map(\.shellQuoted).joined(separator: " ")
      hook["command"] = .string("command -v \(program.shellQuoted) >/dev/null 2>&1 || exit 0; exec \(line)")
    } else {
      hook["command"] = .string(program)
      hook["args"] = .array(words.map { .string($0) })
    }
    return .object(hook.merging(extras))
  }
}

/// The rule of Claude Code's `settings.json` that allows all tools of a server.
enum Permission {
  private static let path = ["permissions", "allow"]

  static func allow(_ server: String, in json: inout JSONText) throws {
    if !isAllowed(server, in: json) { try json.append(rule(server), to: path) }
  }

  static func remove(_ server: String, from json: inout JSONText, earlier: EditedText?) throws {
    guard let index = rules(in: json).lastIndex(of: rule(server)) else { return }
    try json.remove(path.map { .key($0) } + [.index(index)])
    try json.removeIfEmpty(path, earlier: earlier)
  }

  static func isAllowed(_ server: String, in json: JSONText) -> Bool { rules(in: json).contains(rule(server)) }

  private static func rules(in json: JSONText) -> [JSON] { json[path.map { .key($0) }]?.arrayValue ?? [] }
  private static func rule(_ server: String) -> JSON { .string("mcp__\(server)") }
}
