import Bridge
import BridgeTesting
import SQLiteStore
import Testing

@Suite("The text index in the file")
struct TextIndexTests {
  private func found(_ text: String, _ store: SQLiteStore) async throws -> [String?] {
    try await store.history(HistoryQuery(agent: .code, text: text, limit: 200)).messages.map(\.content)
  }

  @Test("more rows by hand than one transaction takes are all found")
  func manyRows() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 15000)
        INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', 'row ' || i, 0, '' FROM n
        """)
      for number in [10_001, 12_000, 12_001, 14_999] { #expect(try await found("row \(number)", store) == ["row \(number)"]) }
      #expect(try await store.history(HistoryQuery(agent: .code, text: "row")).messages.first?.content == "row 15000")
    }
  }

  @Test("contents that are no text neither break the index nor hide the others")
  func oddContents() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      let odd = ["NULL", "x'FF776F7264FF'", "42", "CAST(x'FF20776F7264' AS TEXT)", "zeroblob(1000)", "'word'"]
      for (number, value) in odd.enumerated() {
        try await database.shell.run("INSERT INTO messages VALUES ('m\(number)', 'cowork', 'code', \(value), 0, '')")
      }
      #expect(try await found("word", store).contains("word"))
      #expect(try await found("42", store) == ["42"])
    }
  }

  @Test("the newest row, deleted and replaced by others, is no longer found by its words")
  func reusedRows() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      for word in ["alpha", "beta", "gamma"] { _ = try await store.send(word) }
      #expect(try await found("gamma", store) == ["gamma"])
      try await database.shell.run("DELETE FROM messages WHERE content IN ('beta', 'gamma')")
      for word in ["delta", "epsilon", "zeta"] { _ = try await store.send(word) }
      for word in ["beta", "gamma"] { #expect(try await found(word, store).isEmpty) }
      for word in ["alpha", "delta", "epsilon", "zeta"] { #expect(try await found(word, store) == [word]) }
    }
  }

  @Test("a row is written by hand while the index is behind, and without the index where it was dropped")
  func insertNeedsNoIndex() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      _ = try await store.send("indexed")
      #expect(try await found("indexed", store) == ["indexed"])
      try await database.shell.run("DROP TABLE message_index")
      try await database.shell.run("INSERT INTO messages VALUES ('m', 'cowork', 'code', 'by hand', 0, '')")
      #expect(try await store.look() == ["indexed", "by hand"])
    }
  }
}
