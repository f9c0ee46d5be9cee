import ArgumentParser
import Bridge
import BridgeServer
import Foundation
import Logging
import SQLiteStore
import SystemSupport

/// What every command takes that acts for one agent.
struct SharedOptions: ParsableArguments {
  @OptionGroup var acting: IdentityOption
  @OptionGroup var store: StoreOptions

  @OptionGroup var colour: ColourOption

  @Flag(help: "Print one line of JSON, the same as the structuredContent of the MCP tool.")
  var json = false
}

/// Where the store is, and how much is logged.
struct StoreOptions: ParsableArguments {
  @Option(Settings.store) var databaseURL: String?
  @Option(Settings.workspace) var workspace: String?
  @OptionGroup var logging: LoggingOption

  func validate() throws { _ = try location() }

  func location() throws -> StoreLocation {
    let workspace = try Settings.workspace.given(workspace)
    return try usage { try StoreLocation(url: Settings.store.given(databaseURL), workspace: workspace) }
  }

  func logger() throws -> Logger { try logging.logger() }
}

struct LoggingOption: ParsableArguments {
  @Option(Settings.logLevel) var logLevel: String?

  /// Leaves the environment out: a wrong variable must not break a session whose hooks log nothing.
  func validate() throws { if logLevel != nil { _ = try logger() } }

  func logger() throws -> Logger { .standardError(try Settings.logLevel.value(logLevel)) }
}

struct IdentityOption: ParsableArguments {
  @Option(Settings.identity) var name: String?

  func validate() throws { _ = try identity() }

  func identity() throws -> Identity { try Settings.identity.value(name) }
}

/// How a server wakes the session that started it.
struct WakeOptions: ParsableArguments {
  @Option(Settings.wake) var wake: String?
  @OptionGroup var loopGuard: LoopGuardOptions

  func validate() throws { _ = try Settings.wake.value(wake) }

  /// Nil where the session is not to be woken.
  func settings(agent: String) throws -> WakeSettings? {
    guard try Settings.wake.value(wake) else { return nil }
    let environment = ProcessInfo.processInfo.environment
    let session = ClaudeSession(environment: environment, id: environment["CLAUDE_CODE_SESSION_ID"])
    return WakeSettings(
      announcements: try loopGuard.settings(), inbox: InboxSocket(environment: environment),
      session: session.map { SessionRecord(folder: SessionRecord.folder, session: $0, agent: agent) })
  }
}

/// When a sender is muted for a session.
struct LoopGuardOptions: ParsableArguments {
  @Option(Settings.announceLimit) var limit: String?
  @Option(Settings.announceWindow) var window: String?

  func validate() throws { _ = try settings() }

  func settings() throws -> Announcements.Settings {
    Announcements.Settings(limit: try Settings.announceLimit.value(limit), window: .seconds(try Settings.announceWindow.value(window)))
  }
}

extension SessionRecord {
  /// One for all stores.
  static var folder: String { FileSystem.split(StorePath.standard()).folder + "/sessions" }
}
