import Foundation
import JSON
import MCP

/// Our hooks in a `settings.json` of Claude Code.
struct HookEntries {
  /// The program, quoted for a shell.
  let program: String
  let arguments: [String]

  /// A day: one waits for as long as its session is idle.
  private static let longest: JSON = 86_400
  private static let events: [HookEvent] = [.sessionStart, .userPromptSubmit, .postToolUse, .stop]

  init(command: String, arguments: [String]) {
    program = Self.quoted(command)
    self.arguments = arguments
  }

  /// Puts our hooks in behind those that are there.
  func install(into json: inout JSONText) throws {
    for event in Self.events {
      let group = group(event)
      let present = Self.ours(in: json[[.key("hooks"), .key(event.rawValue)]])
      let isThere =
        present.count == group["hooks"]?.arrayValue?.count
        && json[[.key("hooks"), .key(event.rawValue)]]?.arrayValue?.contains(group) == true
      if isThere { continue }
      try Self.remove(event.rawValue, from: &json)
      try json.append(group, to: ["hooks", event.rawValue])
    }
  }

  /// Removes our hooks, and what is empty after that.
  static func uninstall(from json: inout JSONText) throws {
    for event in json[[.key("hooks")]]?.objectValue?.keys ?? [] { try remove(event, from: &json) }
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

  private func command(_ event: HookEvent) -> String {
    ([program, "hook", event.rawValue] + arguments.map(Self.quoted)).joined(separator: " ")
  }

  /// Which of our hooks are there, by their groups and their places in these.
  private static func ours(in groups: JSON?) -> [(group: Int, hook: Int)] {
    (groups?.arrayValue ?? []).enumerated().flatMap { group in
      (group.element["hooks"]?.arrayValue ?? []).enumerated().filter { isOurs($0.element) }.map { (group.offset, $0.offset) }
    }
  }

  private static func isOurs(_ hook: JSON) -> Bool {
    guard let command = hook["command"]?.stringValue else { return false }
    return command.contains("cowork-code-mcp-server") && command.contains(" hook ")
  }

  private static func remove(_ event: String, from json: inout JSONText) throws {
    let path: [JSONText.Step] = [.key("hooks"), .key(event)]
    let found = ours(in: json[path])
    // From the end, so that the places of the others stay.
    for (group, hook) in found.reversed() {
      try json.remove(path + [.index(group), .key("hooks"), .index(hook)])
      if json[path + [.index(group), .key("hooks")]]?.arrayValue?.isEmpty == true { try json.remove(path + [.index(group)]) }
    }
    guard !found.isEmpty else { return }
    if json[path]?.arrayValue?.isEmpty == true { try json.remove(path) }
    if json[[.key("hooks")]]?.objectValue?.isEmpty == true { try json.remove([.key("hooks")]) }
  }

  private static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { isalnum(Int32($0)) != 0 || Array("/._-+:=@%,".utf8).contains($0) }
    return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
