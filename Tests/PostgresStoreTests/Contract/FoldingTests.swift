import Bridge
import PostgresTesting
import Schema
import Testing

@testable import PostgresStore

@Suite("Search sees a text alike in both stores", .timeLimit(.minutes(5)))
struct FoldingTests {
  @Test func theClassesOfCharactersAreTheSame() throws {
    let sql = try #require(Schema.postgres.first { $0.name == "search" }).sql.replacing(/'\n +'/, with: "")
    for expression in ["[\(FoldedText.omitted)]+", "[\(FoldedText.separators)]+", "[\(FoldedText.unspaced)]"] {
      #expect(sql.contains("'\(expression)'"))
    }
  }

  /// Every character that both know: those of Unicode 13, which Postgres 13 has.
  @Test func everyCharacterIsFoldedAlike() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    let scalars = (0x80...0x1FFFF).compactMap(Unicode.Scalar.init).filter { scalar in
      scalar.properties.age.map { $0.major <= 13 } ?? false
    }
    #expect(scalars.count > 60_000)
    for start in stride(from: 0, to: scalars.count, by: 2_000) {
      let texts = scalars[start..<min(start + 2_000, scalars.count)].map { "a\($0)B\($0)\($0)" }
      let rows = try await store.pool.query(
        """
        SELECT text, folded, ARRAY(SELECT unnest(tsvector_to_array(cowork_bridge.words_of(text))) ORDER BY 1)::text AS terms
        FROM unnest($1::text[]) AS text, LATERAL (SELECT array_to_string(array_remove(string_to_array(cowork_bridge.folded(text), ' '), ''), ' ') AS folded) f
        """, [.textArray(texts)])
      for (text, row) in zip(texts, rows) {
        let tokens = FoldedText(text).tokens.map(\.text).joined(separator: " ")
        let shown = text.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: " ")
        #expect(try row.get("folded", as: String.self) == tokens, "\(shown)")
        #expect(
          try row.get("terms", as: String.self)
            == "{\(Set(SearchQuery.terms(of: text)).sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.joined(separator: ","))}",
          "\(shown)")
      }
    }
    await store.close()
  }
}
