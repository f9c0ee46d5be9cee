import Bridge
import BridgeTesting
import PostgresClient
import PostgresStore
import PostgresTesting
import Synchronization

/// A workspace in a database that other harnesses use as well.
final class PostgresHarness: StoreHarness {
  let database: TestDatabase
  let url: String
  let workspace: Workspace?
  private let options: PostgresStore.Options
  private let made = Mutex<[PostgresStore]>([])

  init(_ database: TestDatabase, url: String? = nil, workspace: Workspace?, options: PostgresStore.Options = .init()) {
    self.database = database
    self.url = url ?? database.socketURL
    self.workspace = workspace
    self.options = options
  }

  /// In the database that all harnesses with this connection mode share.
  static func make(_ mode: ConnectionMode) async throws -> PostgresHarness {
    let database = try await Databases.shared.database(for: mode)
    var options = PostgresStore.Options()
    // Notifications do not pass the pooler. The behaviour must be the same; the second that polling takes is tested once.
    if mode == .transactionPooler { options.blindPoll = .milliseconds(50) }
    return PostgresHarness(database, url: try await mode.url(database), workspace: try .unique(), options: options)
  }

  var schema: String { WorkspaceSchema(workspace).name }

  func makeStore(timing: StoreTiming) async throws -> any BridgeStore {
    let store = try makeStore(timing, url: url)
    // As at the start of a process: creates the schema.
    _ = try await store.agents()
    return store
  }

  func makeStore(_ timing: StoreTiming = .init(), url: String) throws -> PostgresStore {
    var options = options
    options.timing = timing
    let store = PostgresStore(settings: try ConnectionSettings(url), workspace: workspace, options: options, logger: .silent)
    made.withLock { $0.append(store) }
    return store
  }

  func executeByHand(_ sql: String) async throws {
    try await database.psql("SET search_path = \"\(schema)\"; " + sql.replacing("datetime('now')", with: "now()"))
  }

  func queryByHand(_ sql: String) async throws -> [[String?]] {
    let connection = try await PostgresConnection.connect(ConnectionSettings(database.socketURL))
    defer { Task { await connection.close() } }
    try await connection.execute("SET search_path = \"\(schema)\"")
    let rows = try await connection.query(sql)
    return try rows.map { row in try rows.columnNames.indices.map { try row.get($0, as: String?.self) } }
  }

  func cleanUp() async {
    for store in made.withLock(\.self) { await store.close() }
  }
}

/// One database for each connection mode.
private actor Databases {
  static let shared = Databases()
  private var made: [ConnectionMode: Task<TestDatabase, any Error>] = [:]

  func database(for mode: ConnectionMode) async throws -> TestDatabase {
    let task = made[mode] ?? Task { try await Servers.database() }
    made[mode] = task
    return try await task.value
  }
}

extension Workspace {
  static func unique() throws -> Workspace { try Workspace("w" + UniqueID.make()) }
}
