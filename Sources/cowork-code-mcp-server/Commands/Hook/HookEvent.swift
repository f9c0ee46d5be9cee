import ArgumentParser
import ClientSetup
import JSON
import SystemSupport

extension HookEvent: ExpressibleByArgument {
  /// Accepts `session-start` and `sessionstart` as well.
  public init?(argument: String) {
    let name = argument.lowercased().filter { $0 != "-" && $0 != "_" }
    guard let event = Self.allCases.first(where: { $0.rawValue.lowercased() == name }) else { return nil }
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
  /// The session continues only because a Stop hook asked for it.
  var isContinuation = false
  /// An event of a subagent, whose notes do not reach the session.
  var isSubagent = false

  /// Reads standard input. A terminal, or a text that is not JSON, says nothing.
  static func read() -> HookInput {
    guard !FileDescriptor.standardInput.isTerminal, let json = try? JSON(decoding: FileDescriptor.standardInput.readToEnd()) else {
      return HookInput()
    }
    return HookInput(
      session: json["session_id"]?.stringValue, isContinuation: json["stop_hook_active"]?.boolValue ?? false,
      isSubagent: json["agent_id"]?.stringValue?.isEmpty == false)
  }

  /// Whether the event is to be answered. An answer that makes the session continue needs the session's id, or it would come again.
  func wants(_ event: HookEvent) -> Bool {
    switch event {
    case .sessionStart, .userPromptSubmit: !isSubagent
    case .postToolUse, .rewake: session != nil && !isSubagent
    case .stop: session != nil && !isContinuation && !isSubagent
    }
  }
}
