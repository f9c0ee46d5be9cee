import Bridge
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("A mailbox with many read messages is as quick as an empty one", .timeLimit(.minutes(10)))
struct PlanTests {
  @Test func unreadMessagesAreFoundByAnIndexThatHoldsNoReadOnes() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      let roles = Roles(database: database, schema: "cowork_bridge")
      try await database.psql(
        """
        SET search_path = cowork_bridge;
        INSERT INTO messages (sender, recipient, content, read) SELECT 'cowork', 'code', 'x', 1 FROM generate_series(1, 50000);
        INSERT INTO messages (sender, recipient, content) VALUES ('cowork', 'code', 'unread');
        ANALYZE messages
        """)
      let size = try await database.psql("SELECT pg_relation_size('cowork_bridge.messages_unread')")
      #expect(size == "16384\n", "bytes of the index")
      try await roles.harden()
      let login = try await roles.login(for: .code)
      let statement = """
        EXPLAIN SELECT seq FROM cowork_bridge.messages m
          WHERE m.recipient = 'code' AND COALESCE(m.read, 0) = 0 ORDER BY m.seq LIMIT 50 FOR UPDATE SKIP LOCKED
        """
      for role in ["postgres", login] {
        let plan = try await database.psql(statement, as: role)
        #expect(plan.contains("messages_unread") && !plan.contains("Seq Scan on messages"), "\(plan)")
      }
      await store.close()
    }
  }

  @Test func thePastIsReadFromTheNewestOnAndSearchedInItsWhole() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let store = try PostgresStore.postgres(database.url)
      _ = try await store.agents()
      try await database.psql(
        """
        SET search_path = cowork_bridge;
        INSERT INTO messages (id, sender, recipient, content, read)
          SELECT 'm' || i, CASE i % 5 WHEN 0 THEN 'code' ELSE 'cowork' END, CASE i % 5 WHEN 0 THEN 'other' ELSE 'code' END,
            CASE WHEN i % 5000 = 0 THEN 'needle ' WHEN i % 50 = 7 THEN 'pin ' ELSE 'hay ' END || i, 1
          FROM generate_series(1, 60000) AS i;
        ANALYZE messages
        """)
      for other in [nil, "other"] {
        let past = Past(HistoryQuery(agent: .code, with: other), store.sql, before: nil)
        let plan = try await store.pool.query("EXPLAIN " + past.newest(21), past.parameters).map { try $0.get(0, as: String.self) }
        #expect(
          plan.contains { $0.contains("Merge Append") } && !plan.contains { $0.contains("Seq Scan") }, "\(plan.joined(separator: "\n"))")
      }
      let needles = stride(from: 60_000, to: 0, by: -5_000).map { "needle \($0)" }
      for other in [nil, "other"] {
        var (found, before) = ([String?](), String?.none)
        repeat {
          let page = try await store.history(HistoryQuery(agent: .code, text: "needle", with: other, before: before, limit: 5))
          found += page.messages.map(\.content)
          before = page.more ? page.messages.last?.id : nil
        } while before != nil
        #expect(found == needles)
      }
      let pins = try await store.history(HistoryQuery(agent: .code, text: "pin", limit: 20))
      #expect(pins.messages.map(\.content) == (0..<20).map { "pin \(59_957 - 50 * $0)" } && pins.more)
      let common = try await store.history(HistoryQuery(agent: .code, text: "h", limit: 3))
      #expect(common.messages.map(\.content) == ["hay 59999", "hay 59998", "hay 59997"] && common.more)
      await store.close()
    }
  }

  @Test func timesThatAreWrittenAreTextInOneForm() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    let receipt = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x"))
    #expect(receipt.createdAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    #expect(try await database.psql("SELECT created_at FROM cowork_bridge.messages") == receipt.createdAt + "\n")
    await store.close()
  }
}
