import Bridge
import Testing

extension StoreSuite {
  static let search = area(
    "search",
    [
      StoreCase("all words must occur, each as the beginning of a word") { bench in
        for text in ["the migration failed", "migrations run", "a failed test"] { try await bench.send(text) }
        #expect(try await past(bench, text: "migration") == ["migrations run", "the migration failed"])
        #expect(try await past(bench, text: "failed migr") == ["the migration failed"])
        #expect(try await past(bench, text: "ration").isEmpty)
      },
      StoreCase("capital and small letters are the same") { bench in
        try await bench.send("Build FAILED")
        #expect(try await past(bench, text: "build failed") == ["Build FAILED"])
        #expect(try await past(bench, text: "BUILD") == ["Build FAILED"])
      },
      StoreCase("words of other languages are found, in capital and in small letters") { bench in
        for text in ["Größe ändern", "Ошибка сборки", "é is a letter", "日本語 の 文章"] { try await bench.send(text) }
        #expect(try await past(bench, text: "größe") == ["Größe ändern"])
        #expect(try await past(bench, text: "ÄNDERN") == ["Größe ändern"])
        #expect(try await past(bench, text: "ошибка") == ["Ошибка сборки"])
        #expect(try await past(bench, text: "文") == ["日本語 の 文章"])
        #expect(try await past(bench, text: "grosse").isEmpty)
      },
      StoreCase("punctuation separates words, in the text and in the query") { bench in
        try await bench.send("see src/main.swift:42, please")
        for query in ["main", "swift", "main.swift", "src/main", "42", "please!", "\"main\" (swift)"] {
          #expect(try await past(bench, text: query).count == 1, "\(query)")
        }
      },
      StoreCase("a query without letters or digits is searched for literally") { bench in
        for text in ["a -> b", "100 %", "_", "nothing"] { try await bench.send(text) }
        #expect(try await past(bench, text: "->") == ["a -> b"])
        #expect(try await past(bench, text: "%") == ["100 %"])
        #expect(try await past(bench, text: "_") == ["_"])
        #expect(try await past(bench, text: "?").isEmpty)
      },
      StoreCase("no query is a syntax error") { bench in
        try await bench.send("plain text")
        for query in OddTexts.all + Self.oddQueries {
          _ = try await past(bench, text: query)
        }
        #expect(try await past(bench, text: "plain AND text").isEmpty)
        #expect(try await past(bench, text: "plain* (text)") == ["plain text"])
      },
      StoreCase("messages of other processes, and rows by hand, are found at once") { bench in
        try await bench.send("needle one")
        #expect(try await past(bench, text: "needle") == ["needle one"])
        _ = try await bench.another().send(NewMessage(sender: .cowork, recipient: .code, content: "needle two"))
        #expect(try await past(bench, text: "needle") == ["needle two", "needle one"])
        try await bench.harness.executeByHand(
          "INSERT INTO messages (id, sender, recipient, content, read, created_at) "
            + "VALUES ('by-hand', 'cowork', 'code', 'needle three', 0, datetime('now'))")
        #expect(try await past(bench, text: "needle") == ["needle three", "needle two", "needle one"])
      },
      StoreCase("a deleted message is not found, nor one that came in its place for its words") { bench in
        for text in ["first stays", "second goes"] { try await bench.send(text) }
        #expect(try await past(bench, text: "goes") == ["second goes"])
        try await bench.harness.executeByHand("DELETE FROM messages WHERE content = 'second goes'")
        #expect(try await past(bench, text: "goes").isEmpty)
        try await bench.send("third comes")
        #expect(try await past(bench, text: "goes").isEmpty)
        #expect(try await past(bench, text: "comes") == ["third comes"])
        #expect(try await past(bench, text: "first") == ["first stays"])
      },
      StoreCase("an emptied table starts again") { bench in
        for text in ["old one", "old two", "old three"] { try await bench.send(text) }
        #expect(try await past(bench, text: "old").count == 3)
        try await bench.harness.executeByHand("DELETE FROM messages")
        #expect(try await past(bench, text: "old").isEmpty)
        for text in ["new one", "new two"] { try await bench.send(text) }
        #expect(try await past(bench, text: "one") == ["new one"])
        #expect(try await past(bench, text: "old").isEmpty)
      },
      StoreCase("the end of a text of 256 KiB is found") { bench in
        try await bench.send(String(repeating: "hay ", count: Limits.textBytes / 4 - 2) + "needle")
        #expect(try await past(bench, text: "needle").count == 1)
      },
      StoreCase("a search is combined with the other conditions, and has pages") { bench in
        var ids = [String]()
        for number in 1...5 { ids.append(try await bench.send("word \(number)").messageID) }
        _ = try await bench.store.send(NewMessage(sender: .code, recipient: .code, content: "word for me", taskID: "t"))
        #expect(try await past(bench, text: "word", with: "cowork", limit: 2) == ["word 5", "word 4"])
        #expect(try await past(bench, text: "word", with: "cowork", before: ids[3], limit: 2) == ["word 3", "word 2"])
        #expect(try await past(bench, text: "word", task: "t") == ["word for me"])
        #expect(try await bench.store.history(HistoryQuery(agent: .code, text: "word", limit: 5)).more)
        #expect(try await !bench.store.history(HistoryQuery(agent: .code, text: "word", limit: 6)).more)
      },
    ])

  private static let oddQueries = [
    "", "\"", "\"\"", "'", "*", "a*b", "\"a", "a\"b", "(", "a AND", "NOT", "OR OR", "NEAR(a b, 2)", "content:a", "-a", "^a", "a + b", "{a}",
    "a:b", "!a", "a & b", "a | b", "a <-> b", "\\", "a\\'b", ":*", "\u{301}", "\u{301}\u{301} a", "½", "²", "\u{E000}", "_a_", "a,b;c",
    "--",
    String(repeating: "a ", count: 300), String(repeating: "b", count: 5_000),
  ]
}
