import Bridge
import Testing

extension StoreSuite {
  static let transcriptPages = area("transcript pages") {
    StoreCase("pages back to the first entry and forward again have each entry once, in order") { bench in
      try await bench.fillTranscript()
      let all = try await bench.transcript().all()
      #expect(all.count > 30)
      for limit in [1, 2, 3, 7, 200] {
        let walk = try await bench.walk(limit: limit)
        #expect(walk.back == all && walk.forward == all, "\(limit)")
      }
    }
    StoreCase("an agent's pages have what it sent, received or has a side in") { bench in
      try await bench.fillTranscript()
      for name in ["code", "cowork", "reviewer", "nobody"] {
        let all = try await bench.transcript(of: Identity(name)).all().sorted()
        #expect(all.isEmpty == (name == "nobody"))
        for limit in [1, 4, 200] {
          let walk = try await bench.walk(name, limit: limit)
          #expect(walk.back.sorted() == all && walk.forward == walk.back, "\(name), \(limit)")
        }
      }
      let odd = "no agent's name: 'x' \u{1F642}"
      #expect(try await bench.walk(odd, limit: 5).back == [])
      try await bench.harness.executeByHand("INSERT INTO messages (id, sender, recipient, content) VALUES ('o', 'Mr. X', 'Mr. X', 'note')")
      #expect(try await bench.walk("Mr. X", limit: 5).forward == ["Mr. X>Mr. X note"])
    }
    StoreCase("events are found by their tasks where many others' are nearer") { bench in
      _ = try await bench.store.createTask(NewTask(sender: .cowork, recipient: .cowork, title: "mine", description: ""))
      let task = try await bench.createTask()
      try await bench.harness.executeByHand(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)
        INSERT INTO tasks (id, sender, recipient, title, status) SELECT 'n' || i, 'a', 'b', 'other', 'pending' FROM n
        """)
      try await bench.move(task, to: .inProgress)
      let mine = ["cowork>cowork mine: nil -> pending by cowork", "cowork>code Build it: nil -> pending by cowork"]
      let moved = "cowork>code Build it: pending -> in_progress by code"
      for limit in [1, 3, 5] { #expect(try await bench.walk("cowork", limit: limit).forward == mine + [moved]) }
      #expect(try await bench.walk("code", limit: 2).back == [mine[1], moved])
    }
    StoreCase("a page around a message has it, and goes on in both directions") { bench in
      try await bench.fillTranscript()
      let all = try await bench.transcript().all()
      for content in ["early", "2", "no time", "last"] {
        let id = try #require(try await bench.valueByHand("SELECT id FROM messages WHERE content = '\(content)'"))
        for limit in [1, 2, 9, 10, 200] {
          let around = try await bench.walk(from: .at(id), limit: limit)
          let line = try #require(around.page.firstIndex { $0.hasSuffix(" \(content)") }, "\(content), \(limit)")
          #expect(line <= limit / 2 && around.page.count - line <= limit - limit / 2)
          #expect(around.back.sorted() == all.sorted() && around.forward.sorted() == all.sorted())
        }
      }
      // The middle of a page is the message's time.
      let id = try #require(try await bench.valueByHand("SELECT id FROM messages WHERE content = '20'"))
      let place = try #require(all.firstIndex { $0.hasSuffix(" 20") })
      #expect(try await bench.walk(from: .at(id), limit: 8).page == Array(all[place - 4..<place + 4]))
    }
    StoreCase("a page around a message takes its id in any case or its beginning, and no other") { bench in
      for (number, id) in ["abcdef12-1", "abcdef12-2", "12345678-1"].enumerated() {
        try await bench.insert(id, to: number == 0 ? "reviewer" : "code")
      }
      func page(_ id: String, _ agent: String? = nil) async throws -> [String] {
        let page = try await bench.store.transcriptPage(TranscriptQuery(agent: agent, start: .at(id), limit: 2))
        return page.lines
      }
      #expect(try await page("12345678") == ["cowork>code abcdef12-2", "cowork>code 12345678-1"])
      #expect(try await page("ABCDEF12-1") == ["cowork>reviewer abcdef12-1"])
      #expect(try await page("ABCDEF12", "code") == ["cowork>code abcdef12-2"])
      for (id, agent) in [("abcdef12-3", nil), ("abcdef12-1", "code"), (UniqueID.make(), nil), ("12345678-1", "reviewer")] {
        #expect(await refusal { try await page(id, agent) }?.code == .notFound, "\(id)")
      }
      #expect(await refusal { try await page("abcdef12") }?.code == .ambiguous)
    }
    StoreCase("what is written meanwhile comes on newer pages only") { bench in
      let old = (1...20).map(String.init)
      for text in old { try await bench.send(text) }
      let other = try await bench.another()
      var written = [String]()
      let walk = try await bench.walk(limit: 3) { isBack in
        guard written.count < 30 else { return }
        let text = "\(isBack ? "back" : "forward") \(written.count)"
        if written.count % 3 == 0 {
          _ = try await other.createTask(NewTask(sender: .cowork, recipient: .code, title: text, description: ""))
        } else {
          _ = try await other.send(NewMessage(sender: .cowork, recipient: .code, content: text))
        }
        written.append(text)
      }
      #expect(walk.back == old.map { "cowork>code \($0)" })
      let all = try await bench.transcript().all()
      #expect(all.count == 20 + written.count && walk.forward.sorted() == all.sorted())
    }
    StoreCase("messages come with when they were read, and what was delivered again") { bench in
      try await bench.send("one")
      try await bench.send("two")
      _ = try await bench.forgetful().take(TakeRequest(agent: .code, limit: 1, instance: bench.code))
      try await bench.store.recoverExpired()
      try await bench.store.confirm(bench.lease(limit: 1))
      let messages = try await bench.store.transcriptPage(TranscriptQuery()).entries.map { entry in
        if case .message(let message) = entry.event { message } else { Message() }
      }
      #expect(messages.map(\.isRead) == [true, false] && messages.map(\.redelivered) == [true, false])
      #expect(messages.map { $0.readAt == nil } == [false, true])
    }
  }
}

extension TranscriptView {
  fileprivate var lines: [String] { entries.map(\.line) }
}

extension StoreBench {
  /// Messages and tasks of three agents: those of one time, those of their own times, and rows that a hand typed.
  fileprivate func fillTranscript() async throws {
    let reviewer = try Identity("reviewer")
    try await store.addAgent(reviewer)
    try await send("early")
    for number in 1...24 {
      let sides = [(Identity.cowork, Identity.code), (.code, reviewer), (reviewer, .code), (.cowork, .cowork)][number % 4]
      _ = try await store.send(NewMessage(sender: sides.0, recipient: sides.1, content: "\(number)"))
      if number % 5 == 0 { try await move(createTask("task \(number)"), to: .inProgress) }
      if number == 12 {
        let time = "'2026-01-31T12:00:00.000Z'"
        try await harness.executeByHand("UPDATE messages SET created_at = \(time); UPDATE task_events SET at = \(time)")
        for (id, sides) in [("typed", "NULL, 'code'"), ("typed too", "NULL, NULL"), ("no time", "'reviewer', NULL")] {
          try await harness.executeByHand(
            "INSERT INTO messages (id, sender, recipient, content, created_at) VALUES ('\(id)', \(sides), '\(id)', NULL)")
        }
        try await harness.executeByHand("INSERT INTO tasks (id, title, status) VALUES ('by hand', 'typed', 'odd')")
      }
    }
    try await send("last")
  }

  /// The lines of a page, and of all pages from the newest to the first and forward again; those around it, if it begins elsewhere.
  fileprivate func walk(
    _ agent: String? = nil, from start: TranscriptQuery.Start = .newest, limit: Int,
    between: (_ isBack: Bool) async throws -> Void = { _ in }
  ) async throws -> (page: [String], back: [String], forward: [String]) {
    var query = TranscriptQuery(agent: agent, start: start, limit: limit)
    let first = try await store.transcriptPage(query)
    #expect(start != .newest || first.newer == nil)
    #expect(first.entries.count <= limit)
    func next(_ page: TranscriptView, _ isBack: Bool) async throws -> TranscriptView? {
      guard let place = isBack ? page.older : page.newer else { return nil }
      try await between(isBack)
      let known = try TranscriptPlace(place.text)
      query.start = isBack ? .before(known) : .after(known)
      let next = try await store.transcriptPage(query)
      try #require(!next.entries.isEmpty && next.entries.count <= limit && (isBack ? next.newer : next.older) != nil)
      return next
    }
    var (page, back) = (first, first.lines)
    while let older = try await next(page, true) { (page, back) = (older, older.lines + back) }
    var forward = page.lines
    while let newer = try await next(page, false) { (page, forward) = (newer, forward + newer.lines) }
    if start != .newest {
      page = first
      while let newer = try await next(page, false) { (page, back) = (newer, back + newer.lines) }
    }
    return (first.lines, back, forward)
  }
}
