import Foundation
import JSON
import SystemSupport

/// A client that can start this program: where its configuration is, and what an entry in it looks like.
///
/// To support another client, declare it in ``all``.
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
  /// The files that can list the servers, the preferred one first; none where the client has none for a scope.
  let files: @Sendable (Scope, Places) -> [String]
  /// Whether an entry is written into the file of each folder that exists; else into the first file that does.
  var usesAllFolders = false
  var format: any ServerFormat = JSONServers()
  /// The file that lists hooks and permissions; nil where the client has none.
  var settings: @Sendable (Scope, Places) -> String? = { _, _ in nil }
  var tool: ClientTool?
  /// The variable of the environment that names the folder of the user's files.
  var folderVariable: String?
  /// Whether the client keeps the environment of its user from its servers, so that a store belongs into the entry's own.
  public var hidesEnvironment = false
  /// What the user has to do after a change.
  let nextStep: String
  /// The same for a project.
  var projectStep: String?

  public func hasScope(_ scope: Scope) -> Bool { !files(scope, Places(environment: [:], folder: "")).isEmpty }
  public var hasSettings: Bool { settings(.user, Places(environment: [:], folder: "")) != nil }
  public func nextStep(_ scope: Scope) -> String { scope == .project ? projectStep ?? nextStep : nextStep }
}

extension Client {
  public static let all = [
    claudeCode, claudeDesktop,
    Client(
      name: "codex", title: "Codex", identity: "codex",
      files: { scope, places in
        [(scope == .project ? places.folder + "/.codex" : places["CODEX_HOME"] ?? places.home + "/.codex") + "/config.toml"]
      },
      format: TOMLServers(), folderVariable: "CODEX_HOME", hidesEnvironment: true, nextStep: "Start Codex anew: /mcp lists the server.",
      projectStep: "Start Codex anew in this folder, which it reads only if you trust the project: /mcp lists the server."),
    Client(
      name: "gemini", title: "Gemini CLI", identity: "gemini", files: { ["\($1.root($0))/.gemini/settings.json"] },
      nextStep: "Start Gemini CLI anew: /mcp lists the server."),
    Client(
      name: "cursor", title: "Cursor", identity: "cursor", files: { ["\($1.root($0))/.cursor/mcp.json"] },
      nextStep: "Start Cursor anew, and switch the server on in its settings, under MCP."),
    Client(
      name: "vscode", title: "VS Code", identity: "vscode",
      files: { scope, places in [scope == .project ? places.folder + "/.vscode/mcp.json" : places.applicationData + "/Code/User/mcp.json"]
      },
      format: JSONServers(list: ["servers"], extras: ["type": "stdio"]),
      nextStep: "In VS Code run \"MCP: List Servers\", and start the server."),
    Client(
      name: "opencode", title: "OpenCode", identity: "opencode",
      files: { scope, places in
        let folder = scope == .project ? places.folder : places.configuration + "/opencode"
        return ["\(folder)/opencode.json", "\(folder)/opencode.jsonc"]
      },
      format: OpenCodeServers(), nextStep: "Start OpenCode anew: `opencode mcp list` lists the server."),
    Client(
      name: "windsurf", title: "Windsurf", identity: "windsurf",
      files: { scope, places in
        if scope == .project { return [places.folder + "/.devin/mcp_config.json"] }
        return [places.home + "/.config/devin/mcp_config.json", places.home + "/.codeium/windsurf/mcp_config.json"]
      },
      usesAllFolders: true, nextStep: "Start Windsurf, now Devin Desktop, anew: its MCP settings list the server."),
    Client(
      name: "zed", title: "Zed", identity: "zed",
      files: { scope, places in
        if scope == .project { return [places.folder + "/.zed/settings.json"] }
        #if os(macOS)
          return [places.home + "/.config/zed/settings.json"]
        #else
          return [places.configuration + "/zed/settings.json"]
        #endif
      },
      format: JSONServers(list: ["context_servers"]), nextStep: "Zed starts the server at once: the settings of its Agent Panel list it."),
    Client(
      name: "qwen", title: "Qwen Code", identity: "qwen", files: { ["\($1.root($0))/.qwen/settings.json"] },
      nextStep: "Start Qwen Code anew: /mcp lists the server."),
  ]

  public static let claudeCode = Client(
    name: "claude-code", title: "Claude Code", identity: "code",
    files: { scope, places in
      [scope == .project ? places.folder + "/.mcp.json" : (places["CLAUDE_CONFIG_DIR"] ?? places.home) + "/.claude.json"]
    },
    format: JSONServers(extras: ["type": "stdio"], allowsComments: false),
    settings: { scope, places in
      (scope == .project ? places.folder + "/.claude" : places["CLAUDE_CONFIG_DIR"] ?? places.home + "/.claude") + "/settings.json"
    },
    tool: ClientTool(
      command: "claude",
      add: { name, entry, scope in
        ["claude", "mcp", "add", "--transport", "stdio", "--scope", scope.rawValue, name, "--", entry.command] + entry.arguments
      },
      remove: { name, scope in ["claude", "mcp", "remove", "--scope", scope.rawValue, name] }),
    folderVariable: "CLAUDE_CONFIG_DIR",
    nextStep: "Start a new session of Claude Code: /mcp lists the server.",
    projectStep: "Start Claude Code in this folder: it asks each user once whether to trust the server.")

  public static let claudeDesktop = Client(
    name: "claude-desktop", title: "Claude Desktop", identity: "cowork",
    files: { scope, places in scope == .project ? [] : [places.applicationData + "/Claude/claude_desktop_config.json"] },
    format: JSONServers(allowsComments: false), nextStep: "Quit Claude Desktop and start it again.")
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

  var home: String { environment["HOME"] ?? FileSystem.homeFolder }
  func root(_ scope: Client.Scope) -> String { scope == .user ? home : folder }
  /// The XDG specification has a relative one ignored.
  var configuration: String { self["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.config" }

  /// Where desktop applications keep their files.
  var applicationData: String {
    #if os(macOS)
      home + "/Library/Application Support"
    #else
      configuration
    #endif
  }

  /// - Throws: where a folder of the client would depend on the current one, or its path is not UTF-8.
  public func check(_ client: Client, _ scope: Client.Scope) throws {
    guard scope == .user else {
      if FileSystem.isText(".") { return }
      throw SetupError("The path of the current folder is not UTF-8, and nothing was changed: rename the folder.")
    }
    let own = client.folderVariable.map { [($0, self[$0] ?? "/")] } ?? []
    for (variable, folder) in [("HOME", home), ("XDG_CONFIG_HOME", configuration)] + own {
      guard Environment.isText(variable), folder.hasPrefix("/") else {
        throw SetupError("\(variable) is no absolute path in UTF-8, and nothing was changed: set it to one, or unset it.")
      }
    }
  }

  /// An executable file on the `PATH`.
  public func executable(_ name: String) -> String? {
    (self["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
  }

  /// The file that a command starts; nil where there is none.
  public func file(of command: String) -> String? {
    command.contains("/") ? (FileManager.default.fileExists(atPath: command) ? command : nil) : executable(command)
  }
}

/// Why a configuration was not read or changed, in one sentence for the user.
public struct SetupError: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
