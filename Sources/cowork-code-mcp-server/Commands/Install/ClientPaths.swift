import Foundation

/// Where clients keep their configuration.
enum ClientPaths {
  enum Scope: String, CaseIterable {
    /// For all projects of the user.
    case user
    /// For the project in the present folder, and for all who work on it.
    case project
  }

  private static var home: String { Environment["HOME"] ?? NSHomeDirectory() }

  static func claudeCodeServers(_ scope: Scope) -> String {
    switch scope {
    case .user: (Environment["CLAUDE_CONFIG_DIR"] ?? home) + "/.claude.json"
    case .project: FileManager.default.currentDirectoryPath + "/.mcp.json"
    }
  }

  static func claudeCodeSettings(_ scope: Scope) -> String {
    switch scope {
    case .user: (Environment["CLAUDE_CONFIG_DIR"] ?? home + "/.claude") + "/settings.json"
    case .project: FileManager.default.currentDirectoryPath + "/.claude/settings.json"
    }
  }

  static var claudeDesktop: String {
    #if os(macOS)
      home + "/Library/Application Support/Claude/claude_desktop_config.json"
    #elseif os(Windows)
      (Environment["APPDATA"] ?? home) + "\\Claude\\claude_desktop_config.json"
    #else
      (Environment["XDG_CONFIG_HOME"] ?? home + "/.config") + "/Claude/claude_desktop_config.json"
    #endif
  }
}
