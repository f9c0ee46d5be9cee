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

  @Test func timesThatAreWrittenAreTextInOneForm() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    let receipt = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x"))
    #expect(receipt.createdAt.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    #expect(try await database.psql("SELECT created_at FROM cowork_bridge.messages") == receipt.createdAt + "\n")
    await store.close()
  }
}
