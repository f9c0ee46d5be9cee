import ArgumentParser
import Bridge
import ClientSetup
import Logging
import SystemSupport

/// A setting of this program. Its flag, its environment variable and its default are declared once.
struct Setting<Value: Sendable>: Sendable {
  /// Without the leading dashes.
  let flag: String
  let variable: String
  let about: String
  let valueName: String
  /// As text; nil where there is none.
  var standard: String?
  var completion: CompletionKind?
  /// Reads a text whose source, a flag or a variable, an error may name.
  fileprivate let read: @Sendable (_ text: String, _ source: String) throws -> Value

  var option: String { "--\(flag)" }

  func help(_ about: String? = nil, valueName: String? = nil) -> ArgumentHelp {
    let origin = "(environment: \(variable)\(standard.map { "; default: \($0)" } ?? ""))"
    return ArgumentHelp("\(about ?? self.about) \(origin)", valueName: valueName ?? self.valueName)
  }

  /// The value of the flag, else that of the environment.
  func given(_ flag: String?) throws -> Value? {
    if let flag, !flag.isLeftOut { return try checked(flag, option) }
    guard Environment.isText(variable) else { throw ValidationError("\(variable) is not UTF-8 text: write it in UTF-8, or unset it.") }
    return try Environment[variable].map { text in
      do { return try checked(text, variable) } catch let error as ValidationError where !error.message.contains(variable) {
        throw ValidationError("\(variable): \(error.message)")
      }
    }
  }

  private func checked(_ text: String, _ source: String) throws -> Value {
    guard Placeholder.isIn(text) else { return try read(text, source) }
    throw ValidationError(
      "\(source) holds a variable that nothing has replaced (${…}, $NAME or {{…}}): write its value."
        + (flag == Settings.store.flag ? " A $ in a Postgres URL is %24." : ""))
  }

  /// The same, else the default.
  func value(_ flag: String?) throws -> Value { try given(flag) ?? read(standard ?? "", variable) }

  func text(in entry: ServerEntry) -> String? { entry.option(option) ?? entry.environment[variable] }
}

enum Settings {
  static let store = Setting(
    flag: "database-url", variable: "COWORK_DATABASE_URL", about: "The store: postgres://…, sqlite:///absolute/path.db, or a file's path.",
    valueName: "url",
    standard: "~/.cowork-code-mcp/messages.db"
  ) { text, source in
    guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("\(source) is empty: name a store, or leave it out.") }
    return text
  }

  static let workspace = Setting(
    flag: "workspace", variable: "COWORK_WORKSPACE", about: "A workspace keeps projects apart; its agents see only each other.",
    valueName: "name"
  ) { text, _ in try usage { try Workspace(text) } }

  static let identity = Setting(
    flag: "as", variable: "COWORK_IDENTITY", about: "The agent that you act for.", valueName: "name", standard: Identity.code.name,
    completion: Completions.agents
  ) { text, _ in try usage { try Identity(text) } }

  static let session = Setting(
    flag: "session", variable: "COWORK_SESSION", about: "The session that this process belongs to, where its client cannot be found.",
    valueName: "name"
  ) { text, source in
    guard text.contains(where: { !$0.isWhitespace }), text.unicodeScalars.count <= 100,
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    else {
      throw ValidationError("\(source) must have 1 to 100 characters, not only spaces, and none that controls a terminal.")
    }
    return text
  }

  static let logLevel = Setting(
    flag: "log-level", variable: "COWORK_LOG_LEVEL",
    about: "What is logged to standard error: trace, debug, info, notice, warning, error or critical.",
    valueName: "level", standard: "warning"
  ) { text, _ in
    guard let level = Logger.Level(rawValue: text.lowercased()) else {
      throw ValidationError("\"\(text)\" is not a log level: use \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return level
  }

  static let wake = Setting(
    flag: "wake", variable: "COWORK_WAKE", about: "Whether an idle Claude Code session is told of news: auto or off.", valueName: "how",
    standard: "auto"
  ) { text, source in
    guard ["auto", "off"].contains(text.lowercased()) else {
      throw ValidationError("\(source) is \"\(text)\", which is neither auto nor off: set it to one of them.")
    }
    return text.lowercased() == "auto"
  }

  static let announceLimit = number(
    "announce-limit", "COWORK_ANNOUNCE_LIMIT", "How often one sender may be announced to a session within the window, before it is muted.",
    valueName: "count", in: 1...10_000, default: 30)

  static let announceWindow = number(
    "announce-window", "COWORK_ANNOUNCE_WINDOW", "The window, in seconds.", valueName: "seconds", in: 1...86_400, default: 600)

  private static func number(
    _ flag: String, _ variable: String, _ about: String, valueName: String, in range: ClosedRange<Int>, default standard: Int
  ) -> Setting<Int> {
    Setting(flag: flag, variable: variable, about: about, valueName: valueName, standard: String(standard)) { text, source in
      guard let value = Int(text), range.contains(value) else {
        throw ValidationError("\(source) must be \(range.lowerBound) to \(range.upperBound), not \"\(text)\".")
      }
      return value
    }
  }
}

extension String {
  /// Claude Desktop passes what the user of an extension left out as it stands in the manifest.
  fileprivate var isLeftOut: Bool { hasPrefix("${user_config.") && hasSuffix("}") }
}

extension Option where Value == String? {
  init<Read>(_ setting: Setting<Read>) {
    // A number may have a minus, which is then told to be wrong.
    self.init(
      name: .customLong(setting.flag), parsing: Read.self == Int.self ? .unconditional : .next, help: setting.help(),
      completion: setting.completion)
  }

  /// The same, where neither the environment nor the default counts.
  init<Read>(_ setting: Setting<Read>, help: String) {
    self.init(name: .customLong(setting.flag), help: ArgumentHelp(help, valueName: setting.valueName))
  }
}

/// Reports what the domain refuses as wrong usage.
func usage<Value>(_ body: () throws -> Value) throws -> Value {
  do { return try body() } catch let error as BridgeError { throw ValidationError(error.message) }
}
