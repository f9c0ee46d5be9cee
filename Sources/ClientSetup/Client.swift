import Foundation
import JSON

/// A client that can start this program: where its configuration is, and what an entry in it looks like.
///
/// To support another client, declare it and add it to ``all``.
public struct Client: Sendable {
  public enum Scope: String, CaseIterable, Sendable {
    /// All projects of the user.
    case user
    /// The project in the current folder, for everybody who works on it.
    case project
  }

  /// The name on the command line.
  public let name: String
  /// The name for people.
  public let title: String
  /// The agent that the client becomes unless another one is named.
  public let identity: String
  /// The file that lists the servers; nil where the client has none for a scope.
  let servers: @Sendable (Scope, Places) -> String?
  /// The file that lists the hooks; nil where the client runs none.
  var hooks: @Sendable (Scope, Places) -> String? = { _, _ in nil }
  /// The keys of the object that holds the servers.
  var list = ["mcpServers"]
  /// What an entry says besides its command and arguments.
  var extras: JSONObject = [:]
  var tool: ClientTool?
  /// What the user has to do after a change.
  public fileprivate(set) var nextStep: String?

  public func hasScope(_ scope: Scope) -> Bool { servers(scope, Places(environment: [:], folder: "")) != nil }
  public var hasHooks: Bool { hooks(.user, Places(environment: [:], folder: "")) != nil }
}

extension Client {
  public static let all = [claudeCode, claudeDesktop]

  public static let claudeCode = Client(
    name: "claude-code", title: "Claude Code", identity: "code",
    servers: { scope, places in
      switch scope {
      case .user: (places["CLAUDE_CONFIG_DIR"] ?? places.home) + "/.claude.json"
      case .project: places.folder + "/.mcp.json"
      }
    },
    hooks: { scope, places in
      switch scope {
      case .user: (places["CLAUDE_CONFIG_DIR"] ?? places.home + "/.claude") + "/settings.json"
      case .project: places.folder + "/.claude/settings.json"
      }
    },
    extras: ["type": "stdio"],
    tool: ClientTool(
      command: "claude",
      add: { name, entry, scope in
        ["claude", "mcp", "add", "--transport", "stdio", "--scope", scope.rawValue, name, "--", entry.command] + entry.arguments
      },
      remove: { name, scope in ["claude", "mcp", "remove", "--scope", scope.rawValue, name] }))

  public static let claudeDesktop = Client(
    name: "claude-desktop", title: "Claude Desktop", identity: "cowork",
    servers: { scope, places in
      guard scope == .user else { return nil }
      #if os(macOS)
        return places.home + "/Library/Application Support/Claude/claude_desktop_config.json"
      #else
        return (places["XDG_CONFIG_HOME"] ?? places.home + "/.config") + "/Claude/claude_desktop_config.json"
      #endif
    },
    nextStep: "Quit Claude Desktop and start it again.")
}

/// The folders that the paths of configuration files start from.
public struct Places: Sendable {
  private let environment: [String: String]
  /// The current folder, which a project's files are in.
  let folder: String

  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment, folder: String = FileManager.default.currentDirectoryPath
  ) {
    self.environment = environment
    self.folder = folder
  }

  /// A variable of the environment. An empty one counts as unset.
  subscript(variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }

  var home: String { self["HOME"] ?? NSHomeDirectory() }

  /// An executable file on the `PATH`.
  public func executable(_ name: String) -> String? {
    (self["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
  }
}

/// Why a configuration was not read or changed, in one sentence for the user.
public struct SetupError: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
