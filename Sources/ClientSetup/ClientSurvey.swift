import Foundation
import JSON
import SystemSupport

/// What the configuration of all clients says about this program.
public struct ClientSurvey: Sendable {
  /// An entry that starts this program.
  public struct Entry: Sendable {
    public let client: Client
    public let scope: Client.Scope
    /// The client, and where in its configuration the entry is.
    public let title: String
    public let name: String
    public let server: ServerEntry
  }

  public private(set) var entries: [Entry] = []
  /// This program's hooks, by file.
  public private(set) var hooks: [(path: String, scope: Client.Scope, hooks: [Hooks.Found])] = []
  /// Files that a client ignores, since they are not valid in its language.
  public private(set) var broken: [(path: String, title: String, language: String)] = []

  public init(places: Places = Places(), own: OwnProgram) {
    var seen: Set<String> = []
    var own = own
    func each(_ isSettings: Bool, _ body: (EditedText, String, Client, Client.Scope) throws -> Void) {
      for client in Client.all {
        for scope in Client.Scope.allCases {
          let files = isSettings ? client.settings(scope, places).map { [$0] } ?? [] : client.files(scope, places)
          for path in files where seen.insert(FileSystem.resolved(path)).inserted {
            guard FileSystem.otherKind(path) == nil, let bytes = FileSystem.contents(of: path) else { continue }
            do { try body(EditedText(bytes), path, client, scope) } catch {
              broken.append((path, Self.title(client, scope), client.format.language))
            }
          }
        }
      }
    }
    each(false) { text, _, client, scope in entries += try Self.entries(in: text, client, scope, own) }
    own.known.formUnion(entries.map(\.server.command))
    each(true) { text, path, _, scope in
      let found = Hooks.found(in: try JSONText(text), own)
      if !found.isEmpty { hooks.append((path, scope, found)) }
    }
  }

  private static func title(_ client: Client, _ scope: Client.Scope) -> String {
    scope == .user ? client.title : "\(client.title) (this project)"
  }

  private static func entries(in text: EditedText, _ client: Client, _ scope: Client.Scope, _ own: OwnProgram) throws -> [Entry] {
    let title = title(client, scope)
    var found = try client.format.servers(in: text).map { (title, $0.name, $0.entry) }
    if client.tool != nil {
      // Claude Code keeps the entries of single projects in the user's file, too.
      for project in try JSONText(text)[[.key("projects")]]?.objectValue?.members ?? [] {
        for member in project.value["mcpServers"]?.objectValue?.members ?? [] {
          if let entry = ServerEntry(member.value) { found.append(("\(title) (\(project.key))", member.key, entry)) }
        }
      }
    }
    return found.filter { own.isStarted(by: $0.2.command) }
      .map { Entry(client: client, scope: scope, title: $0.0, name: $0.1, server: $0.2) }
  }
}
