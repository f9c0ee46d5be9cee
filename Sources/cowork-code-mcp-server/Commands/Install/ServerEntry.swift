import ArgumentParser
import Bridge
import Foundation
import JSON
import MCP

/// How a client starts this program.
struct ServerEntry {
  let command: String
  let arguments: [String]

  /// As it stands under `mcpServers`.
  ///
  /// - Parameter named: whether the client names the transport.
  func json(named: Bool) -> JSON {
    var entry: JSONObject = named ? ["type": "stdio"] : [:]
    entry["command"] = .string(command)
    entry["args"] = .array(arguments.map { .string($0) })
    return .object(entry)
  }

  /// Whether an entry starts the same: what else it says belongs to its owner.
  func isSame(as entry: JSON?) -> Bool {
    entry?["command"]?.stringValue == command && entry?["args"]?.arrayValue == arguments.map { .string($0) }
  }
}

/// What all `install` commands take.
struct InstallOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The name of the server in the client's configuration.", valueName: "name"))
  var name = "cowork-bridge"

  @Option(
    help: ArgumentHelp("The agent that the client becomes. (default: code for Claude Code, cowork for Claude Desktop)", valueName: "name"))
  var identity: String?

  @Option(name: .customLong("database-url"), help: ArgumentHelp("The store, where it is not the default one.", valueName: "url"))
  var databaseURL: String?

  @Option(help: ArgumentHelp("The workspace.", valueName: "name"))
  var workspace: String?

  @Flag(name: .customLong("write-password"), help: "Write a password that the URL holds into the configuration.")
  var writesPassword = false

  @Flag(name: .customLong("dry-run"), help: "Show the difference, and change nothing.")
  var dryRun = false

  func validate() throws {
    let permitted = { (byte: UInt8) in byte == 0x2D || byte == 0x5F || isalnum(Int32(byte)) != 0 }
    guard 1...64 ~= name.utf8.count, name.utf8.allSatisfy(permitted) else {
      throw ValidationError("--name must be 1 to 64 letters, digits, '-' and '_', not \"\(name)\".")
    }
    _ = try entry(default: "code")
  }

  func entry(default standard: String) throws -> ServerEntry {
    let identity = try agent(identity ?? standard)
    let isCommand = CoworkCodeMCPServer.configuration.subcommands.contains { $0._commandName == identity.name }
    return ServerEntry(command: Self.executable, arguments: (isCommand ? ["serve"] : []) + [identity.name] + (try storeArguments()))
  }

  /// The hooks look into the same store as the same agent.
  func hookArguments() throws -> [String] { try ["--as", agent(identity ?? "code").name] + storeArguments() }

  var holdsPassword: Bool { databaseURL.map(PasswordInURL.isThere) ?? false }

  private func storeArguments() throws -> [String] {
    let name = try workspace.map { text in try usage { try Workspace(text) } }
    if holdsPassword, !writesPassword {
      throw ValidationError(
        """
        The URL holds a password, which would stand in the configuration for everybody to read who can read that file: leave it out and \
        put it into ~/.pgpass, or name a libpq service (postgresql://?service=NAME, with the password in ~/.pg_service.conf); or say \
        --write-password.
        """)
    }
    _ = try usage { try StoreLocation(url: databaseURL, workspace: name) }
    return (databaseURL.map { ["--database-url", Self.absolute($0)] } ?? []) + (name.map { ["--workspace", $0.name] } ?? [])
  }

  /// A client starts its servers in another folder.
  private static func absolute(_ url: String) -> String {
    if url.contains("://") || url.hasPrefix("/") || url.hasPrefix("~") || url.lowercased().hasPrefix("sqlite:") { return url }
    return FileManager.default.currentDirectoryPath + "/" + url
  }

  /// As it was called, so that a link stays one: behind it is another file after the next update.
  private static var executable: String {
    let called = CommandLine.arguments.first ?? ""
    if called.contains("/") { return URL(fileURLWithPath: called).standardizedFileURL.path }
    let folders = (Environment["PATH"] ?? "").split(separator: ":")
    let found = folders.map { "\($0)/\(called)" }.first(where: FileManager.default.isExecutableFile)
    return found ?? ThisProgram.path ?? CoworkCodeMCPServer._commandName
  }
}

/// Whether a connection URI holds a password, in its authority or in its query.
enum PasswordInURL {
  static func isThere(_ url: String) -> Bool {
    guard let scheme = url.range(of: "://"), url[..<scheme.lowerBound].lowercased().hasPrefix("postgres") else { return false }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    // A password may hold an unescaped @ or /, which libpq cuts differently: better one question too many.
    if let at = rest.lastIndex(of: "@"), rest[..<at].prefix(while: { $0 != "?" }).contains(":"), authority.contains(":") { return true }
    let query = rest.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    return query.split(separator: "&").contains { item in
      let key = item.prefix { $0 != "=" }
      return ["password", "sslpassword"].contains((String(key).removingPercentEncoding ?? String(key)).lowercased())
    }
  }
}
