import Bridge
import Foundation
import Logging
import PostgresClient
import PostgresStore
import SQLiteStore
import SystemSupport

/// Where a store is.
enum StoreLocation: Sendable {
  case sqlite(path: String)
  case postgres(ConnectionSettings, Workspace?)

  /// - Parameter url: `sqlite:///absolute/path.db`, a file's path, or any libpq URI; nil for the default file.
  /// - Throws: `BridgeError` with the code `invalidValue`; a URL is never quoted in it, since it may hold a password.
  init(url text: String?, workspace: Workspace?) throws(BridgeError) {
    try StoreURL.requireHome()
    guard let text else {
      self = try Self.file(StorePath.standard(workspace: workspace))
      return
    }
    let url = try StoreURL.checked(text)
    let scheme = url.range(of: "://").map { url[..<$0.lowerBound].lowercased() }
    switch scheme {
    case nil where url.lowercased().hasPrefix("sqlite:"), "sqlite":
      let path = String(url.dropFirst("sqlite:".count))
      guard path.hasPrefix("///"), path.count > 3 else {
        throw BridgeError(.invalidValue, "A SQLite URL names an absolute path with three slashes, such as sqlite:///home/me/messages.db.")
      }
      guard !path.contains("?") else {
        throw BridgeError(.invalidValue, "A SQLite URL takes no parameters: leave out the ? and what follows it.")
      }
      self = try Self.file(String(path.dropFirst(2)), besides: workspace)
    case nil:
      self = try Self.file(StorePath.expanded(url), besides: workspace)
    case "postgres", "postgresql":
      var settings: ConnectionSettings
      do { settings = try ConnectionSettings(url) } catch { throw BridgeError(.invalidValue, "\(error)") }
      settings.fallbackApplicationName = "cowork-code-mcp-server"
      self = .postgres(settings, workspace)
    case let scheme?:
      throw BridgeError(
        .invalidValue,
        "The database URL begins with \(scheme)://, which is not supported: use postgres://…, sqlite:///absolute/path.db or a file's path."
      )
    }
  }

  private static func file(_ path: String, besides workspace: Workspace? = nil) throws(BridgeError) -> StoreLocation {
    guard workspace == nil else {
      throw BridgeError(
        .invalidValue,
        "A workspace and the path of a database file exclude each other: a file is a workspace of its own; leave one of them out.")
    }
    guard FileSystem.isText(path) else {
      throw BridgeError(.invalidValue, "\(path) leads to a folder whose path is not UTF-8: rename the folder, or name a file elsewhere.")
    }
    return .sqlite(path: path)
  }

  /// For people, without secrets.
  var description: String {
    switch self {
    case .sqlite(let path): path
    case .postgres(let settings, _): settings.redactedDescription
    }
  }

  /// Whether a path is that of an SQLite store, or of a file that SQLite or this program keeps beside it.
  func isFile(_ path: String) -> Bool {
    guard case .sqlite(let database) = self else { return false }
    if let file = FileIdentity(path: path), file == FileIdentity(path: database) { return true }
    let (path, store) = (FileSystem.resolved(path), FileSystem.resolved(database))
    return path == store || SidecarFiles.all(of: store).contains(path)
  }

  /// Whether a connection URI holds a password, in its authority or in its query.
  static func holdsPassword(_ url: String) -> Bool {
    guard let scheme = url.range(of: "://"), url[..<scheme.lowerBound].lowercased().hasPrefix("postgres") else { return false }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    // libpq splits a password with an unescaped @ or / in another way: a false alarm is better than none.
    if let at = rest.lastIndex(of: "@"), rest[..<at].prefix(while: { $0 != "?" }).contains(":"), authority.contains(":") { return true }
    let query = rest.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    return query.split(separator: "&").contains { item in
      let key = item.prefix { $0 != "=" }
      return ["password", "sslpassword"].contains((String(key).removingPercentEncoding ?? String(key)).lowercased())
    }
  }
}

// MARK: Opening

extension StoreLocation {
  /// Opens the store for the work, and closes it afterwards: the one way to a store for every command.
  ///
  /// - Parameters:
  ///   - absence: what to do where there is no store.
  ///   - patience: how long closing may take; nil for as long as it needs.
  func withStore<Value>(
    absence: StoreAbsence = .made, logger: Logger, closingWithin patience: Duration? = nil,
    _ work: (any BridgeStore) async throws -> Value
  ) async throws -> Value {
    let store: any BridgeStore =
      switch self {
      case .sqlite(let path): SQLiteStore(path: path, logger: logger)
      case .postgres(let settings, let workspace): PostgresStore(settings: settings, workspace: workspace, logger: logger)
      }
    let result: Result<Value, any Error>
    do {
      if try await absence.isFound(store) {
        result = .success(try await work(store))
      } else if absence == .failure {
        throw CommandFailure("There is no store in \(description): check --database-url and --workspace.")
      } else {
        let empty = try ThrowawayStore(in: FileManager.default.temporaryDirectory.path)
        defer { empty.removeFolder() }
        result = .success(try await empty.location.withStore(logger: logger, closingWithin: patience, work))
      }
    } catch {
      result = .failure(error)
    }
    if let patience { await Deadline.within(patience) { await store.close() } } else { await store.close() }
    return try result.get()
  }

  /// The same for one instance of an agent.
  func withService<Value>(
    as instance: Instance, absence: StoreAbsence = .made, logger: Logger, closingWithin patience: Duration? = nil,
    _ work: (BridgeService) async throws -> Value
  ) async throws -> Value {
    try await withStore(absence: absence, logger: logger, closingWithin: patience) { store in
      try await work(BridgeService(store: store, instance: instance, logger: logger))
    }
  }

  /// The same for a command: it acts for the session in which it runs, if there is one.
  func withCommand<Value>(
    as identity: Identity, absence: StoreAbsence, logger: Logger, _ work: (BridgeService) async throws -> Value
  ) async throws -> Value {
    let name = try Settings.session.given(nil)
    return try await withService(as: .command(of: identity), absence: absence, logger: logger) { service in
      try await service.joinSession(named: name)
      return try await work(service)
    }
  }
}

/// What a command does where there is no store.
enum StoreAbsence: Equatable {
  /// The first verb that writes makes one.
  case made
  case failure
  /// A command that only looks, or changes what there is, waits for one until then, or for ever without a time, and else uses an empty one.
  case awaited(until: ContinuousClock.Instant?)

  static let empty = awaited(until: .now)

  /// - Returns: whether the store can be used; false where it is not there.
  fileprivate func isFound(_ store: any BridgeStore) async throws -> Bool {
    if self == .made { return true }
    while try await !store.exists() {
      guard case .awaited(let end) = self, end.map({ ContinuousClock.now < $0 }) ?? true else { return false }
      try await Task.pause(for: .milliseconds(200))
    }
    return true
  }
}
