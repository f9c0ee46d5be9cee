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
    StoreCase("words are found in every script") { bench in
      for (text, _, _) in Self.scripts { try await bench.send(text) }
      for (text, queries, others) in Self.scripts {
        for query in queries { #expect(try await past(bench, text: query, limit: 200).contains(text), "\(query) in \(text)") }
        for query in others { #expect(try await !past(bench, text: query, limit: 200).contains(text), "\(query) not in \(text)") }
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
      _ = try await bench.createTask(id: "t")
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: .code, content: "word for me", taskID: "t"))
      #expect(try await past(bench, text: "word", with: "cowork", limit: 2) == ["word 5", "word 4"])
      #expect(try await past(bench, text: "word", with: "cowork", before: ids[3], limit: 2) == ["word 3", "word 2"])
      #expect(try await past(bench, text: "word", task: "t") == ["word for me"])
      #expect(try await bench.store.history(HistoryQuery(agent: .code, text: "word", limit: 5)).more)
      #expect(try await !bench.store.history(HistoryQuery(agent: .code, text: "word", limit: 6)).more)
    }
  }

  /// Texts, queries that find them, and queries that do not.
  private static let scripts: [(text: String, found: [String], missed: [String])] = [
    ("Ein caf\u{E9} am Stra\u{DF}eneck", ["cafe", "CAFE\u{301}", "caf\u{E9}", "cafe am", "straße"], ["afe", "strasse", "cafes"]),
    ("un cafe\u{301} cre\u{300}me, 1\u{BD} ﬁn", ["cafe", "caf\u{E9}", "Crème", "fin", "1"], ["rem", "½½"]),
    ("Đường phố Việt Nam", ["viet", "Việt", "pho"], ["iet"]),
    ("İstanbul ve ILGAZ", ["istanbul", "ilgaz", "İstanbul"], ["stanbul"]),
    ("Ο ΟΔΟΣ της Αθήνας", ["οδός", "οδος", "αθηνας", "Αθή"], ["θηνα"]),
    ("Ещё раз: йод и ёлка", ["еще", "ЕЩЁ", "иод", "елка"], ["лка"]),
    ("مُحَمَّد يكتب رسالة، ثم كتــاب", ["محمد", "رسالة", "كتاب"], ["حمد"]),
    ("שָׁלוֹם עולם־גדול", ["שלום", "עולם", "גדול"], ["לום"]),
    ("नमस्ते दुनिया, हिन्दी। अच्छा", ["नमस्ते", "नम", "हिन्दी", "अच्छा"], ["स्ते", "ते", "न्दी"]),
    ("வணக்கம் உலகம்", ["வணக்கம்", "உல"], ["கம்"]),
    ("วันนี้อากาศดีมากที่กรุงเทพ", ["อากาศ", "กรุงเทพ", "อากาศ กรุงเทพ", "ดีมาก"], ["ฝนตก", "อากาศมาก"]),
    ("ສະບາຍດີຊາວໂລກ", ["ຊາວໂລກ", "ສະບາຍ"], ["ໂລກຊາວ"]),
    ("សួស្តីពិភពលោក។", ["ពិភព", "លោក"], ["លោកពិភព"]),
    ("မင်္ဂလာပါကမ္ဘာ", ["ကမ္ဘာ"], ["ကမ္ဘာပါ"]),
    ("今天天气很好", ["天气", "今天", "很好", "好", "气", "今天 很好"], ["天很", "雨", "气天"]),
    ("これは日本語の文章です。カフェ、ｶﾞｲﾄﾞ", ["日本", "文章", "カフェ", "ガイド", "日本語", "です"], ["英語", "カイト", "本日"]),
    ("대한민국은 한국어를", ["민국", "한국어", "대한민국", "국"], ["국민"]),
    ("Release ２０２６ＡＢ 🚀✅ done👍🏽", ["2026ab", "🚀", "✅", "👍", "done", "release 🚀"], ["❌", "026"]),
    (
      "foo.bar(snake_case) -> camelCase, x86_64::T", ["foo.bar()", "snake_case", "snake", "camelc", "x86_64", "FOO BAR"], ["case_y", "ake"]
    ),
    ("日本語mix2026テスト→ok", ["mix", "mix2026", "テスト", "→", "ok", "日本 mix"], ["ix2026", "本語mix!zz"]),
  ]

  private static let oddQueries = [
    "", "\"", "\"\"", "'", "*", "a*b", "\"a", "a\"b", "(", "a AND", "NOT", "OR OR", "NEAR(a b, 2)", "content:a", "-a", "^a", "a + b", "{a}",
    "a:b", "!a", "a & b", "a | b", "a <-> b", "\\", "a\\'b", ":*", "\u{301}", "\u{301}\u{301} a", "½", "²", "\u{E000}", "_a_", "a,b;c",
    "--",
    String(repeating: "a ", count: 300), String(repeating: "b", count: 5_000),
  ]
}
