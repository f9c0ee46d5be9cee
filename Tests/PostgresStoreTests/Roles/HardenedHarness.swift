import Bridge
import BridgeTesting
import Foundation
import PostgresClient
import PostgresTesting
import Synchronization

@testable import PostgresStore

/// A workspace in which each agent has its own login.
final class HardenedHarness: StoreHarness {
  private let base: PostgresHarness
  private let roles: Roles

  init() async throws {
    let database = try await Self.database.value
    base = PostgresHarness(database, workspace: try .unique())
    roles = Roles(database: database, schema: base.schema)
    _ = try await base.makeStore(timing: .init())
    try await roles.harden()
    for agent in [Identity.code, .cowork] { _ = try await roles.login(for: agent) }
  }

  private static let database = Task { try await Servers.database() }

  func makeStore(timing: StoreTiming) async throws -> any BridgeStore {
    let shared = SharedStores()
    let store: @Sendable (Identity) async throws -> PostgresStore = { [base, roles] agent in
      if let store = shared[agent] { return store }
      let url = base.url.replacing("postgres://postgres@", with: "postgres://\(try await roles.login(for: agent))@")
      return try shared.keep(base.makeStore(timing, url: url), for: agent)
    }
    for agent in [Identity.code, .cowork] { _ = try await store(agent) }
    return RoutedStore(owner: try base.makeStore(timing, url: base.url), opened: { shared.all }, for: store)
  }

  func executeByHand(_ sql: String) async throws { try await base.executeByHand(sql) }
  func queryByHand(_ sql: String) async throws -> [[String?]] { try await base.queryByHand(sql) }
  func cleanUp() async { await base.cleanUp() }
}

private final class SharedStores: Sendable {
  private let stores = Mutex<[Identity: PostgresStore]>([:])

  subscript(agent: Identity) -> PostgresStore? { stores.withLock { $0[agent] } }
  var all: [PostgresStore] { stores.withLock { Array($0.values) } }

  func keep(_ store: PostgresStore, for agent: Identity) -> PostgresStore {
    stores.withLock { stores in
      if let earlier = stores[agent] { return earlier }
      stores[agent] = store
      return store
    }
  }
}

/// The roles of one schema, created by `sql/postgres/postgres_roles.sql`.
actor Roles {
  private let database: TestDatabase
  private let schema: String
  private var logins: [Identity: Task<String, any Error>] = [:]
  private let suffix = String(UInt64.random(in: .min ... .max), radix: 36)

  init(database: TestDatabase, schema: String) {
    self.database = database
    self.schema = schema
  }

  /// Runs a file, by default the setup, with psql's variable substituted.
  func harden(by path: String = "sql/postgres/postgres_roles.sql", as role: String = "postgres") async throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../../\(path)").standardizedFileURL
    let script = try String(contentsOf: file, encoding: .utf8).replacing(":\"schema\"", with: "\"\(schema)\"")
    try await database.psql("BEGIN;\n\(script)\nCOMMIT", as: role)
  }

  /// The login of an agent, made when first asked for.
  func login(for agent: Identity) async throws -> String {
    if let made = logins[agent] { return try await made.value }
    let login = "login_\(agent)_\(suffix)".replacing("-", with: "_").replacing(".", with: "_")
    let (database, schema) = (database, schema)
    let task = Task {
      // Grants on one schema at a time: concurrent grants would update the same catalogue row.
      try await database.psql(
        "SELECT pg_advisory_lock(7); CREATE ROLE \(login) LOGIN; SELECT \"\(schema)\".add_login('\(login)', '\(agent)')")
      return login
    }
    logins[agent] = task
    return try await task.value
  }
}
