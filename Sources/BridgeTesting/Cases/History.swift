import Bridge
import Testing

extension StoreSuite {
  /// What `code` finds in its past.
  static func past(
    _ bench: StoreBench, text: String? = nil, with other: String? = nil, task: String? = nil, before: String? = nil, limit: Int = 20
  ) async throws -> [String?] {
    try await bench.store.history(
      HistoryQuery(agent: .code, text: text, with: other, taskID: task, before: before, limit: limit)
    ).messages.map(\.content)
  }

  static let history = area("history") {
    StoreCase("messages sent and received are shown newest first, read or not") { bench in
      try await bench.send("1")
      _ = try await bench.take()
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: .cowork, content: "2"))
      try await bench.send("3")
      #expect(try await past(bench) == ["3", "2", "1"])
      #expect(try await bench.unread() == ["3"])
    }
    StoreCase("one conversation, or one task, can be asked for, and other agents' messages are not shown") { bench in
      let other = try Identity("other")
      try await bench.store.addAgent(other)
      _ = try await bench.createTask(id: "t-1")
      _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: other, content: "secret word", taskID: "t-1"))
      try await bench.send("from cowork")
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: .cowork, content: "to cowork", taskID: "t-1"))
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: other, content: "to other", taskID: "t-1"))
      #expect(try await past(bench) == ["to other", "to cowork", "from cowork"])
      #expect(try await past(bench, text: "secret").isEmpty)
      #expect(try await past(bench, with: "cowork") == ["to cowork", "from cowork"])
      #expect(try await past(bench, with: "other") == ["to other"])
      #expect(try await past(bench, with: "nobody").isEmpty)
      #expect(try await past(bench, task: "t-1") == ["to other", "to cowork"])
      #expect(try await past(bench, with: "cowork", task: "t-1") == ["to cowork"])
    }
    StoreCase("messages between many agents, in all states, are shown in order") { bench in
      let others = try (1...5).map { try Identity("other-\($0)") }
      for other in others { try await bench.store.addAgent(other) }
      for number in 1...40 {
        let other = others[number * number % 5]
        let isSent = number % 3 != 0
        let message = NewMessage(sender: isSent ? .code : other, recipient: isSent ? other : .code, content: "\(number)")
        _ = try await bench.store.send(message)
        if number == 20 { _ = try await bench.take() }
      }
      try await bench.harness.executeByHand(
        """
        UPDATE messages SET read = 7 WHERE content = '33'; UPDATE messages SET read = NULL WHERE content = '36';
        UPDATE messages SET recipient = NULL WHERE content = '35'; UPDATE messages SET sender = NULL WHERE content = '39'
        """)
      #expect(try await past(bench, limit: 50) == (1...40).reversed().map(String.init))
      for limit in [1, 3, 8] {
        #expect(try await past(bench, limit: limit) == (1...40).reversed().prefix(limit).map(String.init))
      }
    }
    StoreCase("pages before a message's id make up the whole past") { bench in
      for number in 1...11 { try await bench.send("\(number)") }
      var (pages, before) = ([[String?]](), String?.none)
      for isLast in [false, false, true] {
        let page = try await bench.store.history(HistoryQuery(agent: .code, before: before, limit: 4))
        pages.append(page.messages.map(\.content))
        before = page.messages.last?.id?.uppercased()
        #expect(page.more != isLast)
      }
      #expect(pages == [["11", "10", "9", "8"], ["7", "6", "5", "4"], ["3", "2", "1"]])
    }
    StoreCase("a time can be asked for, in each documented format, and nothing else") { bench in
      for (number, time) in ["2026-01-01 00:00:00", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00.000Z"].enumerated() {
        try await bench.insert("\(number + 1)", at: "'\(time)'")
      }
      #expect(try await past(bench, before: "2026-01-02T12:00:00Z") == ["2", "1"])
      #expect(try await past(bench, before: "2026-01-02 12:00:00") == ["2", "1"])
      #expect(try await past(bench, before: "2026-01-02") == ["1"])
      #expect(try await past(bench, before: "2025-12-31T00:00:00Z").isEmpty)
      for before in ["tomorrow", "-", UniqueID.make(), "now", "12:00"] {
        #expect(await refusal { try await past(bench, before: before) }?.code == .invalidValue, "\(before)")
      }
    }
    StoreCase("a page is limited by size, and its first message comes whatever its size") { bench in
      let large = String(repeating: "y", count: 60_000)
      for content in ["small", large] { try await bench.send(content) }
      let page = try await bench.store.history(HistoryQuery(agent: .code))
      #expect(page.messages.map(\.content) == [large] && page.more)
    }
  }
}
