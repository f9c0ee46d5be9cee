import Foundation
import JSON

/// What the configuration of all clients says about this program.
public struct ClientSurvey: Sendable {
  /// An entry that starts this program.
  public struct Entry: Sendable {
    public let client: Client
    /// The client, and where in its configuration the entry is.
    public let title: String
    public let name: String
    public let server: ServerEntry
  }

  public private(set) var entries: [Entry] = []
  /// The command lines of hooks, by file.
  public private(set) var hooks: [(path: String, commands: [String])] = []
  /// Files that a client ignores, since they are not valid JSON.
  public private(set) var broken: [(path: String, title: String)] = []

  /// - Parameter isProgram: whether a command starts this program under another name.
  public init(places: Places = Places(), isProgram: (String) -> Bool) {
    for client in Client.all {
      for (list, isServers) in [(client.servers, true), (client.hooks, false)] {
        for scope in Client.Scope.allCases {
          let title = scope == .user ? client.title : "\(client.title) (this project)"
          guard let path = list(scope, places), let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { continue }
          guard let json = try? JSON(decoding: Array(data)) else {
            broken.append((path, title))
            continue
          }
          if isServers {
            read(json, client, title, isProgram)
          } else if case let commands = Hooks.commands(in: json), !commands.isEmpty {
            hooks.append((path, commands))
          }
        }
      }
    }
  }

  private mutating func read(_ json: JSON, _ client: Client, _ title: String, _ isProgram: (String) -> Bool) {
    // Claude Code keeps the entries of single projects in the user's file, too.
    let projects = (json["projects"]?.objectValue?.members ?? []).map { ("\(title) (\($0.key))", $0.value) }
    for (title, json) in [(title, json)] + projects {
      let servers = client.list.reduce(json) { $0?[$1] }
      for member in servers?.objectValue?.members ?? [] {
        guard let server = ServerEntry(member.value) else { continue }
        let file = server.command.split(separator: "/").last.map(String.init)
        guard file == ServerEntry.program || isProgram(server.command) else { continue }
        entries.append(Entry(client: client, title: title, name: member.key, server: server))
      }
    }
  }
}
