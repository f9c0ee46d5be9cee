import Bridge
import Testing

extension StoreSuite {
  static let transcript = area("transcript") {
    StoreCase("it tells messages and changes of tasks in the order in which they happened, each once") { bench in
      let reader = bench.transcript()
      let id = try await bench.send("first").messageID
      let task = try await bench.createTask("Build it")
      #expect(try await reader.all() == ["cowork>code first", "cowork>code Build it: nil -> pending by cowork"])
      try await bench.move(task, to: .completed, result: "done")
      try await bench.send("second", id: id)
      try await bench.send("second")
      #expect(try await reader.all() == ["cowork>code Build it: pending -> completed by code (done)", "cowork>code second"])
      #expect(try await reader.all() == [])
    }
    StoreCase("an agent's transcript tells what it sent, received or has a side in") { bench in
      let reader = bench.transcript(of: try Identity("reviewer"))
      try await bench.store.addAgent(Identity("reviewer"))
      try await bench.send("not for the reviewer")
      _ = try await bench.createTask()
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: Identity("reviewer"), content: "to"))
      _ = try await bench.store.send(NewMessage(sender: Identity("reviewer"), recipient: .code, content: "from"))
      _ = try await bench.store.createTask(NewTask(sender: .code, recipient: Identity("reviewer"), title: "Look", description: ""))
      #expect(
        try await reader.all() == ["code>reviewer to", "reviewer>code from", "code>reviewer Look: nil -> pending by code"])
    }
    StoreCase("it begins with the newest, or with a time, or both") { bench in
      try await bench.insert("old", from: "a", to: "b", at: "'2001-01-31 12:00:00'")
      try await bench.send("one")
      let task = try await bench.createTask("t")
      try await bench.move(task, to: .inProgress)
      try await bench.send("two")
      let newest = ["cowork>code t: pending -> in_progress by code", "cowork>code two"]
      let recent = ["cowork>code one", "cowork>code t: nil -> pending by cowork"] + newest
      #expect(try await bench.transcript(last: 2).all() == newest)
      #expect(try await bench.transcript(last: 100).all() == ["a>b old"] + recent)
      #expect(try await bench.transcript(since: 1_000_000_000).all() == recent)
      #expect(try await bench.transcript(since: 980_942_400).all() == ["a>b old"] + recent)
      #expect(try await bench.transcript(since: 980_942_401).all() == recent)
      #expect(try await bench.transcript(since: 1_000_000_000, last: 2).all() == newest)
      #expect(try await bench.transcript(of: Identity("a"), last: 2).all() == ["a>b old"])
      for reader in [bench.transcript(last: 0), bench.transcript(since: 1e11)] {
        #expect(try await reader.all() == [])
        try await bench.send("three")
        #expect(try await reader.all() == ["cowork>code three"])
      }
    }
    StoreCase("more than a page comes in order and whole") { bench in
      let count = 250
      for number in 1...count {
        try await bench.send("\(number)")
        if number % 100 == 0 { _ = try await bench.createTask("after \(number)") }
      }
      let all = try await bench.transcript().all()
      #expect(all.filter { !$0.contains("after") } == (1...count).map { "cowork>code \($0)" })
      let events = [100, 200].map { "cowork>code after \($0): nil -> pending by cowork" }
      #expect(all.filter { $0.contains("after") } == events)
      // What happens in one millisecond has no order between the tables.
      #expect(all.firstIndex(of: events[0]) ?? 0 >= 100 && all.firstIndex(of: events[1]) ?? 0 >= 201)
      #expect(try await bench.transcript(last: 130).all() == all.suffix(130))
    }
    StoreCase("rows by hand are told as they are") { bench in
      let reader = bench.transcript()
      try await bench.harness.executeByHand("INSERT INTO messages (sender) VALUES ('x')")
      try await bench.harness.executeByHand("INSERT INTO tasks (id, title, status) VALUES ('by-hand', 'typed', 'odd')")
      #expect(try await reader.all().sorted() == ["nil>nil typed: nil -> odd by nil", "x>nil nil"])
      try await bench.harness.executeByHand("UPDATE tasks SET status = 'completed'")
      try await bench.harness.executeByHand("INSERT INTO messages (id, content, created_at) VALUES ('h', 'when?', 'yesterday')")
      #expect(try await reader.all().sorted() == ["nil>nil typed: odd -> completed by nil", "nil>nil when?"])
    }
    StoreCase("rows that are deleted hide none that come after them") { bench in
      let reader = bench.transcript()
      for text in ["one", "two", "three"] { try await bench.send(text) }
      #expect(try await reader.all().count == 3)
      try await bench.harness.executeByHand("DELETE FROM messages WHERE content <> 'one'")
      for text in ["four", "five", "six"] { try await bench.send(text) }
      #expect(try await reader.all() == ["cowork>code four", "cowork>code five", "cowork>code six"])
      try await bench.harness.executeByHand("DELETE FROM messages")
      try await bench.send("seven")
      #expect(try await reader.all() == ["cowork>code seven"])
    }
    StoreCase("messages, tasks and hand-typed rows of other processes wake a follower of all agents") { bench in
      let reader = bench.transcript()
      let wakeUps = bench.store.wakeUpsForAll()
      #expect(try await reader.all() == [])
      func wakes(_ expected: String, _ happening: () async throws -> Void) async throws {
        try await happening()
        #expect(try await Hints.until(wakeUps) { try await reader.all().first } == expected)
      }
      let other = try await bench.another()
      try await wakes("code>cowork for another agent") {
        _ = try await other.send(NewMessage(sender: .code, recipient: .cowork, content: "for another agent"))
      }
      try await wakes("code>cowork t: nil -> pending by code") {
        _ = try await other.createTask(NewTask(sender: .code, recipient: .cowork, title: "t", description: ""))
      }
      try await wakes("x>y typed") { try await bench.insert("h", "typed", from: "x", to: "y") }
      try await wakes("code>cowork t: pending -> failed by nil") {
        try await bench.harness.executeByHand("UPDATE tasks SET status = 'failed'")
      }
    }
  }
}

extension StoreBench {
  func transcript(of agent: Identity? = nil, since: Double? = nil, last: Int? = nil) -> any TranscriptReader {
    store.transcript(of: agent, from: TranscriptStart(since: since, last: last))
  }
}

extension TranscriptReader {
  /// All there is, each entry as a line.
  func all() async throws -> [String] {
    var lines = [String]()
    while true {
      let page = try await next()
      lines += page.entries.map(\.line)
      if !page.more { return lines }
    }
  }
}

extension TranscriptEntry {
  var line: String {
    switch event {
    case .message(let message): "\(message.sender.shown)>\(message.recipient.shown) \(message.content.shown)"
    case .task(let task, let event):
      "\(task.sender.shown)>\(task.recipient.shown) \(task.title.shown): \(event.from.shown) -> \(event.to.shown) by \(event.actor.shown)"
        + (event.note.map { " (\($0))" } ?? "")
    }
  }
}

extension String? {
  fileprivate var shown: String { self ?? "nil" }
}
