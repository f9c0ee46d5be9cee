import Bridge
import Logging
import PostgresClient
import PostgresStore
import SQLiteStore

/// Where a store is, decided from what was configured.
enum StoreLocation: Sendable {
  case sqlite(path: String)
  case postgres(ConnectionSettings, Workspace?)

  /// - Parameter url: `sqlite:///absolute/path.db`, a file's path, or any libpq URI; nil for the default file.
  /// - Throws: `BridgeError` with the code `invalidValue`; a URL is never quoted in it, since it may hold a password.
  init(url: String?, workspace: Workspace?) throws(BridgeError) {
    guard let url else {
      self = .sqlite(path: StorePath.standard(workspace: workspace))
      return
    }
    let scheme = url.range(of: "://").map { url[..<$0.lowerBound].lowercased() }
    switch scheme {
    case nil where url.lowercased().hasPrefix("sqlite:"), "sqlite":
      let path = String(url.dropFirst("sqlite:".count))
      guard path.hasPrefix("///"), path.count > 3 else {
        throw BridgeError(.invalidValue, "A SQLite URL names an absolute path with three slashes, such as sqlite:///home/me/messages.db.")
      }
      self = try Self.file(String(path.dropFirst(2)), workspace)
    case nil:
      self = try Self.file(StorePath.expanded(url), workspace)
    case "postgres", "postgresql":
      do {
        var settings = try ConnectionSettings(url)
        settings.fallbackApplicationName = "cowork-code-mcp-server"
        self = .postgres(settings, workspace)
      } catch {
        throw BridgeError(.invalidValue, "\(error)")
      }
    case let scheme?:
      throw BridgeError(
        .invalidValue,
        "The database URL begins with \(scheme)://, which is not supported: use postgres://…, sqlite:///absolute/path.db or a file's path."
      )
    }
  }

  private static func file(_ path: String, _ workspace: Workspace?) throws(BridgeError) -> StoreLocation {
    guard workspace == nil else {
      throw BridgeError(
        .invalidValue,
        "A workspace and the path of a database file exclude each other: a file is a workspace of its own; leave one of them out.")
    }
    return .sqlite(path: path)
  }

  func makeStore(logger: Logger) -> any BridgeStore {
    switch self {
    case .sqlite(let path): SQLiteStore(path: path, logger: logger)
    case .postgres(let settings, let workspace): PostgresStore(settings: settings, workspace: workspace, logger: logger)
    }
  }

  /// For people; without secrets.
  var description: String {
    switch self {
    case .sqlite(let path): path
    case .postgres(let settings, _): settings.redactedDescription
    }
  }
}
