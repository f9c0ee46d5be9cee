import ArgumentParser
import BridgeServer
import Foundation

/// How a server wakes the session that started it.
struct WakeOptions: ParsableArguments {
  enum Wake: String, CaseIterable, ExpressibleByArgument {
    case auto, off
  }

  @Option(
    help: ArgumentHelp(
      "Whether an idle Claude Code session is told of what is new: auto or off. (environment: COWORK_WAKE; default: auto)",
      valueName: "how"))
  var wake: Wake?

  @OptionGroup var loopGuard: LoopGuardOptions

  func validate() throws { _ = try isOn() }

  /// Nil where nobody is to be woken.
  func settings(agent: String) throws -> WakeSettings? {
    guard try isOn() else { return nil }
    return WakeSettings(
      announcements: try loopGuard.settings(), inbox: InboxSocket(environment: ProcessInfo.processInfo.environment),
      session: Environment["CLAUDE_CODE_SESSION_ID"].flatMap { SessionFiles.record(session: $0, agent: agent) })
  }

  private func isOn() throws -> Bool {
    let text = wake?.rawValue ?? Environment["COWORK_WAKE"] ?? Wake.auto.rawValue
    guard let wake = Wake(rawValue: text.lowercased()) else {
      throw ValidationError("COWORK_WAKE is \"\(text)\", which is neither auto nor off: set it to one of them.")
    }
    return wake == .auto
  }
}

/// When one sender is announced to a session no more for a while.
struct LoopGuardOptions: ParsableArguments {
  @Option(
    name: .customLong("announce-limit"),
    help: ArgumentHelp(
      "So often may one sender be announced to a session within the window; after that not for as long. (environment: COWORK_ANNOUNCE_LIMIT; default: 30)",
      valueName: "count"))
  var limit: Int?

  @Option(
    name: .customLong("announce-window"),
    help: ArgumentHelp("The window, in seconds. (environment: COWORK_ANNOUNCE_WINDOW; default: 600)", valueName: "seconds"))
  var window: Int?

  func validate() throws { _ = try settings() }

  func settings() throws -> Announcements.Settings {
    Announcements.Settings(
      limit: try value(limit, "--announce-limit", "COWORK_ANNOUNCE_LIMIT", in: 1...10_000, default: 30),
      window: .seconds(try value(window, "--announce-window", "COWORK_ANNOUNCE_WINDOW", in: 1...86_400, default: 600)))
  }

  private func value(_ flag: Int?, _ name: String, _ variable: String, in range: ClosedRange<Int>, default standard: Int) throws -> Int {
    let isFlag = flag != nil
    guard let text = flag.map(String.init) ?? Environment[variable] else { return standard }
    guard let value = Int(text), range.contains(value) else {
      throw ValidationError(
        "\(isFlag ? name : variable) must be \(range.lowerBound) to \(range.upperBound), not \"\(text)\".")
    }
    return value
  }
}
