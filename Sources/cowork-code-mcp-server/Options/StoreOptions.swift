import ArgumentParser
import Bridge
import Foundation
import Logging

/// Where the store is, and how much is logged. A flag beats the environment.
struct StoreOptions: ParsableArguments {
  @Option(
    name: .customLong("database-url"),
    help: ArgumentHelp(
      "The store: postgres://…, sqlite:///absolute/path.db, or a file's path. (environment: COWORK_DATABASE_URL; default: ~/.cowork-code-mcp/messages.db)",
      valueName: "url"))
  var databaseURL: String?

  @Option(
    help: ArgumentHelp(
      "A workspace keeps projects apart; its agents see only each other. (environment: COWORK_WORKSPACE)", valueName: "name"))
  var workspace: String?

  @OptionGroup var logging: LoggingOption

  func validate() throws { _ = try location() }

  /// The store that was named.
  func location() throws -> StoreLocation {
    try usage {
      let name = try (workspace ?? Environment["COWORK_WORKSPACE"]).map { try Workspace($0) }
      return try StoreLocation(url: databaseURL ?? Environment["COWORK_DATABASE_URL"], workspace: name)
    }
  }

  func logger() throws -> Logger { try logging.logger() }
}

/// How much is logged.
struct LoggingOption: ParsableArguments {
  @Option(
    name: .customLong("log-level"),
    help: ArgumentHelp(
      "What is logged to standard error: trace, debug, info, notice, warning, error or critical. (environment: COWORK_LOG_LEVEL; default: warning)",
      valueName: "level"))
  var logLevel: String?

  /// Not the environment: a hook, which is silent, must not break a session for it.
  func validate() throws { if logLevel != nil { _ = try logger() } }

  func logger() throws -> Logger {
    let text = logLevel ?? Environment["COWORK_LOG_LEVEL"] ?? "warning"
    guard let level = Logger.Level(rawValue: text.lowercased()) else {
      throw ValidationError(
        "\"\(text)\" is not a log level: use \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    var logger = Logger(label: "cowork-bridge") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = level
    return logger
  }
}

/// Who acts.
struct IdentityOption: ParsableArguments {
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp("The agent that you act for. (environment: COWORK_IDENTITY; default: code)", valueName: "name"))
  var name: String?

  func validate() throws { _ = try identity() }

  func identity() throws -> Identity { try Self.identity(name) }

  static func identity(_ name: String?) throws -> Identity {
    try usage { try Identity(name ?? Environment["COWORK_IDENTITY"] ?? Identity.code.name) }
  }
}

/// The environment; an empty variable counts as none.
enum Environment {
  static subscript(name: String) -> String? {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
    return value
  }
}

/// Turns what the domain refuses into wrong usage.
func usage<Value>(_ body: () throws -> Value) throws -> Value {
  do { return try body() } catch let error as BridgeError { throw ValidationError(error.message) }
}
