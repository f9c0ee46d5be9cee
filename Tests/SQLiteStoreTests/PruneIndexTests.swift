import Bridge
import Testing

@testable import SQLiteStore

@Suite struct PruneIndexTests {
  @Test func theTextIndexKeepsNothingOfRemovedMessages() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', 'walrus ' || i, i <= 1500, iif(i <= 1500, '2020-01-01', datetime('now')) FROM n
        """)
      await store.index()
      let found = "SELECT COUNT(*) FROM message_terms WHERE message_terms MATCH 'walrus'"
      #expect(try await database.shell.run(found) == "2000\n")
      let time = try await store.time(before: .seconds(60))
      var place: PrunePlace?
      repeat { place = try await store.prune(before: time, after: place, dryRun: false).next } while place != nil
      #expect(try await store.history(HistoryQuery(agent: .code, text: "walrus 2000")).messages.count == 1)
      _ = try await store.giveBackSpace()
      #expect(try await database.shell.run(found) == "500\n")
      #expect(try await store.history(HistoryQuery(agent: .code, text: "walrus 1500")).messages.isEmpty)
    }
  }
}
