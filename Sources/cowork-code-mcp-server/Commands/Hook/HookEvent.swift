import ArgumentParser
import Foundation
import JSON
import MCP

/// The hooks of Claude Code that are answered.
enum HookEvent: String, CaseIterable, ExpressibleByArgument {
  case sessionStart = "SessionStart"
  case userPromptSubmit = "UserPromptSubmit"
  case postToolUse = "PostToolUse"
  case stop = "Stop"
  /// A Stop hook that runs beside the idle session.
  case rewake

  /// Also `session-start` and `sessionstart`.
  init?(argument: String) {
    let wished = argument.lowercased().filter { $0 != "-" && $0 != "_" }
    guard let event = Self.allCases.first(where: { $0.rawValue.lowercased() == wished }) else { return nil }
    self = event
  }

  /// The answer that shows a note to the model.
  func answer(_ note: String) -> String {
    let answer: JSON =
      switch self {
      case .stop, .rewake: ["decision": "block", "reason": .string(note)]
      case .sessionStart, .userPromptSubmit, .postToolUse:
        ["hookSpecificOutput": ["hookEventName": .string(rawValue), "additionalContext": .string(note)]]
      }
    return String(decoding: answer.encoded(), as: UTF8.self)
  }
}

/// What Claude Code says about the event.
struct HookInput {
  var session: String?
  /// The session goes on only because a Stop hook wished so.
  var isContinuation = false
  /// A subagent's events: what is told there does not reach the session.
  var isSubagent = false

  /// What stands on standard input; nothing of it where it is not JSON, or a person's terminal.
  static func read() -> HookInput {
    guard isatty(0) == 0, let data = try? FileHandle.standardInput.readToEnd(), let json = try? JSON(decoding: Array(data)) else {
      return HookInput()
    }
    return HookInput(
      session: json["session_id"]?.stringValue, isContinuation: json["stop_hook_active"]?.boolValue ?? false,
      isSubagent: json["agent_id"]?.stringValue?.isEmpty == false)
  }

  /// Without a session's name nothing can be told once only, which matters where telling makes the session go on.
  func wants(_ event: HookEvent) -> Bool {
    switch event {
    case .sessionStart, .userPromptSubmit: !isSubagent
    case .postToolUse: session != nil && !isSubagent
    case .stop: session != nil && !isContinuation && !isSubagent
    case .rewake: session != nil && !isSubagent
    }
  }
}
