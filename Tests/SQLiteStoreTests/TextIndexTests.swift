import Bridge
import BridgeTesting
import GRDB
import Testing

@testable import SQLiteStore

@Suite("The text index in the file")
struct TextIndexTests {
  private func found(_ text: String, _ store: SQLiteStore) async throws -> [String?] {
    try await store.history(HistoryQuery(agent: .code, text: text, limit: 200)).messages.map(\.content)
  }

  /// Rows by hand, the first of which has the content.
  private func insert(_ content: String, _ count: Int, into database: Database) async throws {
    try await database.shell.run(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO messages SELECT '\(content)' || i, 'cowork', 'code', iif(i = 1, '\(content)', 'x'), 1, '' FROM n
      """)
  }

  @Test func moreHandTypedRowsThanOnePortionAreAllFound() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 15000)
        INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', 'row ' || i, 0, '' FROM n
        """)
      func expectAll(_ comment: Comment) async throws {
        for number in [10_001, 12_000, 12_001, 14_999] { #expect(try await found("row \(number)", store) == ["row \(number)"], comment) }
        #expect(try await found("1000", store) == (10_001...10_009).reversed().map { "row \($0)" }, comment)
        let page = try await store.history(HistoryQuery(agent: .code, text: "row"))
        #expect(page.messages.first?.content == "row 15000" && page.messages.count == 20 && page.more, comment)
      }
      try await expectAll("before the index holds them")
      _ = try await store.write { try TextIndex.addPortion($0) }
      try await expectAll("while the index holds some")
      await store.index()
      #expect(try await store.read { try TextIndex.rowsBehind($0) } == 0)
      try await expectAll("when the index holds them")
    }
  }

  /// A search holds up other reads of its process, so it does not look at each of very many rows.
  @Test func aSearchPassesOverRowsThatAreNotIndexedYetIfThereAreTooMany() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await insert("rare and old", 300, into: database)
      await store.index()
      try await insert("rare and typed", 21_000, into: database)
      let early = try await store.history(HistoryQuery(agent: .code, text: "rare"))
      #expect(early.messages.map(\.content) == ["rare and old"] && early.isPartial)
      await store.index()
      let late = try await store.history(HistoryQuery(agent: .code, text: "rare"))
      #expect(late.messages.map(\.content) == ["rare and typed", "rare and old"] && !late.isPartial)
    }
  }

  @Test func replacedNewestRowsAreNotFoundByTheirOldWords() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await insert("alpha", 1_000, into: database)
      try await insert("beta", 1_000, into: database)
      await store.index()
      try await database.shell.run("DELETE FROM messages WHERE id LIKE 'beta%'")
      try await insert("gamma", 2_500, into: database)
      for _ in 1...2 {
        #expect(try await found("beta", store).isEmpty)
        for word in ["alpha", "gamma"] { #expect(try await found(word, store) == [word]) }
        await store.index()
      }
    }
  }

  @Test func olderRowsComeFromTheIndexPageByPage() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO messages SELECT 'm' || i, iif(i % 5 = 0, 'code', 'cowork'), iif(i % 5 = 0, 'other', 'code'),
          iif(i % 2000 = 1005, 'needle ', 'hay ') || i, 1, '' FROM n
        """)
      await store.index()
      let needles = stride(from: 19_005, to: 10_000, by: -2_000).map { "needle \($0)" }
      var (pages, before) = ([String?](), String?.none)
      repeat {
        let page = try await store.history(HistoryQuery(agent: .code, text: "needle", with: "other", before: before, limit: 4))
        pages += page.messages.map(\.content)
        before = page.more ? page.messages.last?.id : nil
      } while before != nil
      #expect(pages == needles)
      try await database.shell.run("INSERT INTO message_terms (message_terms) VALUES ('delete-all')")
      #expect(try await found("needle", store) == Array(needles.prefix(1)))
    }
  }

  @Test(
    "the index has what a search finds",
    arguments: OddTexts.all + ["ß SS ſ K", "naïve café", "a_b-c.d", "x\u{301}y", "ＡＢＣ abc", "İ i̇"])
  func indexAgrees(text: String) async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      _ = try await store.send(text)
      _ = try await store.write { try TextIndex.addPortion($0) }
      let queries = ["a", "k", "ss", "caf", "x", "i", "1", "é", "ABC", "cafe", "文", "👩"] + text.split(separator: " ").map(String.init)
      for query in queries.compactMap(SearchQuery.init) where query.matches(text) {
        let match = query.terms.map { "\"\($0.text)\"\($0.isPrefix ? "*" : "")" }.joined(separator: " ")
        let isFound = try await store.read { db in
          try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM message_terms WHERE message_terms MATCH ?)", arguments: [match])
        }
        #expect(isFound == true, "\(match)")
      }
    }
  }

  @Test func contentThatIsNotTextNeitherBreaksTheIndexNorHidesOthers() async throws {
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

  private func indexed(_ word: String, _ database: Database) async throws -> Int {
    Int(try await database.shell.run("SELECT COUNT(*) FROM message_terms WHERE message_terms MATCH '\(word)'").dropLast()) ?? -1
  }

  @Test func rowsThatAreDeletedOrChangedByHandLeaveTheRestOfTheIndexAlone() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', 'walrus café' || i, 1, '' FROM n
        """)
      await store.index()
      #expect(try await indexed("walrus", database) == 2_000)
      // The last row, whose number the next one gets; a row between others; one that is changed twice.
      try await database.shell.run(
        """
        DELETE FROM messages WHERE id IN ('m2000', 'm1000'); INSERT INTO messages VALUES ('new', 'cowork', 'code', 'puffin', 0, '');
        UPDATE messages SET content = 'ostrich' WHERE id = 'm500'; UPDATE messages SET content = 'heron' WHERE id = 'm500';
        """)
      #expect(try await store.read { try TextIndex.lastRow($0) } == 1_999)
      #expect(try await store.read { try TextIndex.rowsBehind($0) } == 1)
      for word in ["cafe2000", "cafe1000"] { #expect(try await found(word, store).isEmpty) }
      #expect(try await found("puffin", store) == ["puffin"])
      await store.index()
      #expect(try await indexed("walrus", database) == 1_997)
      for (word, count) in [("cafe2000", 0), ("cafe1000", 0), ("cafe500", 0), ("ostrich", 0), ("heron", 1), ("puffin", 1)] {
        #expect(try await indexed(word, database) == count, "\(word)")
      }
      #expect(try await database.shell.run("SELECT COUNT(*) FROM message_terms_stale") == "0\n")
      #expect(try await found("heron", store) == ["heron"])
      try await database.shell.run("DELETE FROM messages")
      for text in ["first", "second"] { _ = try await store.send(text) }
      await store.index()
      #expect(try await indexed("walrus", database) == 0)
      #expect(try await found("first", store) == ["first"])
    }
  }

  @Test func rowsThatGotOtherNumbersAreIndexedAnew() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO messages SELECT 'm' || i, 'cowork', 'code', 'walrus ' || i, 1, '' FROM n
        """)
      await store.index()
      try await database.shell.run("DELETE FROM messages WHERE id = 'm5'")
      await store.index()
      try await database.shell.run("UPDATE messages SET rowid = rowid - 1 WHERE rowid > 5")
      for _ in 1...2 {
        for number in [6, 1_000, 3_000] { #expect(try await found("walrus \(number)", store).last == "walrus \(number)") }
        await store.index()
      }
      #expect(try await indexed("walrus", database) == 2_999)
    }
  }

  @Test func aReplacedNewestRowIsNotFoundByItsOldWords() async throws {
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

  @Test func aHandTypedRowNeedsNoIndex() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      _ = try await store.send("indexed")
      #expect(try await found("indexed", store) == ["indexed"])
      try await database.shell.run("DROP TABLE message_terms")
      try await database.shell.run("INSERT INTO messages VALUES ('m', 'cowork', 'code', 'by hand', 0, '')")
      #expect(try await store.look() == ["indexed", "by hand"])
    }
  }
}
