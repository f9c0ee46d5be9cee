import Bridge
import Logging
import PostgresClient
import PostgresStore
import PostgresTesting

/// A workspace of a database.
final class PostgresBench: Bench {
  let order = "seq"
  let reach = Model.Reach.itself
  let stores: [any BridgeStore]
  private let hand: PostgresConnection

  private static let database = Task { try await PostgresCluster.shared().createDatabase() }

  init() async throws {
    let url = try await Self.database.value.socketURL
    let workspace = try Workspace("w" + UniqueID.make())
    let options = PostgresStore.Options(timing: Model.timing)
    let settings = try ConnectionSettings(url)
    stores = (0..<2).map { _ in
      PostgresStore(
        settings: settings, workspace: workspace, options: options, logger: Logger(label: "model") { _ in SwiftLogNoOpLogHandler() })
    }
    for store in stores { _ = try await store.agents() }
    hand = try await PostgresConnection.connect(settings)
    try await hand.execute("SET search_path = \"\(WorkspaceSchema(workspace).name)\"")
  }

  func makeStore(timing: StoreTiming) async throws -> any BridgeStore { stores[0] }

  func executeByHand(_ sql: String) async throws { try await hand.execute(sql.replacing("datetime('now')", with: "now()")) }

  func queryByHand(_ sql: String) async throws -> [[String?]] {
    let rows = try await hand.query(sql)
    return try rows.map { row in try rows.columnNames.indices.map { try row.get($0, as: String?.self) } }
  }

  func wipe() async throws {
    try await hand.execute(
      "TRUNCATE leases, lease_items, messages, message_details, tasks, task_details, task_events, sessions, instances, agents")
  }

  func pass(seconds: Int) async throws {
    let step = "interval '\(seconds) seconds'"
    func text(_ column: String) -> String {
      "to_char((time_of(\(column)) - \(step)) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    }
    try await hand.execute(
      """
      UPDATE leases SET expires_at = expires_at - \(step);
      UPDATE messages SET created_at = \(text("created_at")) WHERE created_at ~ '^\\d';
      UPDATE message_details SET read_at = read_at - \(step), kept_until = kept_until - \(step);
      UPDATE tasks SET created_at = \(text("created_at")), updated_at = \(text("updated_at"));
      UPDATE task_details SET held_until = held_until - \(step), news_at = news_at - \(step);
      UPDATE task_events SET at = at - \(step);
      UPDATE sessions SET last_seen = last_seen - \(step);
      UPDATE instances SET last_seen = last_seen - \(step);
      UPDATE agents SET added_at = added_at - \(step), last_seen = last_seen - \(step);
      """)
  }

  func cleanUp() async {
    await hand.close()
    for store in stores { await store.close() }
  }
}
