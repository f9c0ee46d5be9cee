import Bridge
import SQLiteStore
import Testing

@Suite struct PruneIndexTests {
  @Test func theTextIndexKeepsNothingOfRemovedMessages() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      for text in ["walrus one", "walrus two", "walrus kept"] { _ = try await store.send(text) }
      let query = HistoryQuery(agent: .code, text: "walrus")
      #expect(try await store.history(query).messages.count == 3)
      try await database.shell.run("UPDATE messages SET read = 1, created_at = '2020-01-01' WHERE content <> 'walrus kept'")
      let time = try await store.time(before: .seconds(60))
      #expect(try await store.prune(before: time, after: nil, dryRun: false).messages == 2)
      let found = "SELECT COUNT(*) FROM message_index WHERE message_index MATCH 'walrus'"
      #expect(try await database.shell.run(found) == "0\n")
      _ = try await store.giveBackSpace()
      #expect(try await database.shell.run(found) == "1\n")
      #expect(try await store.history(query).messages.map(\.content) == ["walrus kept"])
    }
  }
}
