import Bridge
import Testing

extension StoreSuite {
  static let search = area("search") {
    StoreCase("all words must occur, each as the beginning of a word, whatever their case, language and punctuation") { bench in
      for text in [
        "the migration failed", "migrations run", "a failed Test", "Größe ändern", "Ошибка сборки", "é is a letter", "日本語 の 文章",
        "see src/main.swift:42, please",
      ] { try await bench.send(text) }
      for (query, found) in [
        ("migration", ["migrations run", "the migration failed"]), ("failed migr", ["the migration failed"]), ("ration", []),
        ("test FAILED", ["a failed Test"]), ("TEST", ["a failed Test"]), ("größe", ["Größe ändern"]), ("ÄNDERN", ["Größe ändern"]),
        ("ошибка", ["Ошибка сборки"]), ("文", ["日本語 の 文章"]), ("grosse", []),
      ] { #expect(try await past(bench, text: query) == found, "\(query)") }
      for query in ["main", "swift", "main.swift", "src/main", "42", "please!", "\"main\" (swift)"] {
        #expect(try await past(bench, text: query).count == 1, "\(query)")
      }
    }
    StoreCase("a query without letters or digits is searched for literally") { bench in
      for text in ["a -> b", "100 %", "_", "nothing"] { try await bench.send(text) }
      for (query, found) in [("->", ["a -> b"]), ("%", ["100 %"]), ("_", ["_"]), ("?", [])] {
        #expect(try await past(bench, text: query) == found, "\(query)")
      }
    }
    StoreCase("no query is a syntax error") { bench in
      try await bench.send("plain text")
      for query in OddTexts.all + Self.oddQueries { _ = try await past(bench, text: query) }
      #expect(try await past(bench, text: "plain AND text").isEmpty)
      #expect(try await past(bench, text: "plain* (text)") == ["plain text"])
    }
    StoreCase("messages of other processes, and rows by hand, are found at once") { bench in
      try await bench.send("needle one")
      #expect(try await past(bench, text: "needle") == ["needle one"])
      _ = try await bench.another().send(NewMessage(sender: .cowork, recipient: .code, content: "needle two"))
      #expect(try await past(bench, text: "needle") == ["needle two", "needle one"])
      try await bench.insert("by-hand", "needle three")
      #expect(try await past(bench, text: "needle") == ["needle three", "needle two", "needle one"])
    }
    StoreCase("a deleted message is not found, nor one that came in its place for its words, also in an emptied table") { bench in
      for text in ["first stays", "second goes"] { try await bench.send(text) }
      #expect(try await past(bench, text: "goes") == ["second goes"])
      try await bench.harness.executeByHand("DELETE FROM messages WHERE content = 'second goes'")
      #expect(try await past(bench, text: "goes").isEmpty)
      try await bench.send("third comes")
      #expect(try await past(bench, text: "goes").isEmpty)
      #expect(try await past(bench, text: "comes") == ["third comes"])
      #expect(try await past(bench, text: "first") == ["first stays"])
      try await bench.harness.executeByHand("DELETE FROM messages")
      #expect(try await past(bench, text: "first").isEmpty)
      for text in ["new one", "new two"] { try await bench.send(text) }
      #expect(try await past(bench, text: "one") == ["new one"])
      #expect(try await past(bench, text: "first").isEmpty)
    }
    StoreCase("the end of a text of 256 KiB is found") { bench in
      try await bench.send(String(repeating: "hay ", count: Limits.textBytes / 4 - 2) + "needle")
      #expect(try await past(bench, text: "needle").count == 1)
    }
    StoreCase("a search is combined with the other conditions, and has pages") { bench in
      var ids = [String]()
      for number in 1...5 { ids.append(try await bench.send("word \(number)").messageID) }
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: .code, content: "word for me", taskID: "t"))
      #expect(try await past(bench, text: "word", with: "cowork", limit: 2) == ["word 5", "word 4"])
      #expect(try await past(bench, text: "word", with: "cowork", before: ids[3], limit: 2) == ["word 3", "word 2"])
      #expect(try await past(bench, text: "word", task: "t") == ["word for me"])
      #expect(try await bench.store.history(HistoryQuery(agent: .code, text: "word", limit: 5)).more)
      #expect(try await !bench.store.history(HistoryQuery(agent: .code, text: "word", limit: 6)).more)
    }
  }

  private static let oddQueries = [
    "", "\"", "\"\"", "'", "*", "a*b", "\"a", "a\"b", "(", "a AND", "NOT", "OR OR", "NEAR(a b, 2)", "content:a", "-a", "^a", "a + b", "{a}",
    "a:b", "!a", "a & b", "a | b", "a <-> b", "\\", "a\\'b", ":*", "\u{301}", "\u{301}\u{301} a", "½", "²", "\u{E000}", "_a_", "a,b;c",
    "--",
    String(repeating: "a ", count: 300), String(repeating: "b", count: 5_000),
  ]
}
