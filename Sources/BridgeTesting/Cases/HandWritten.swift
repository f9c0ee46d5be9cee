import Bridge
import Testing

extension StoreSuite {
  static let handWritten = area("rows by hand") {
    StoreCase("the documented INSERT delivers a message as it was written") { bench in
      try await bench.harness.executeByHand(
        "INSERT INTO messages (id, sender, recipient, content, read, created_at) "
          + "VALUES ('5F0C2B6E-0000-4000-8000-00000000ABCD', 'cowork', 'code', 'hi', 0, datetime('now'))")
      let delivery = try await bench.take()
      let message = try #require(delivery.messages.first)
      #expect(message.id == "5F0C2B6E-0000-4000-8000-00000000ABCD" && message.content == "hi" && message.sender == "cowork")
      #expect(message.createdAt?.isEmpty == false && !message.redelivered)
      try await bench.store.undo(#require(delivery.lease))
      #expect(try await bench.unread() == ["hi"])
      _ = try await bench.take(from: bench.forgetful())
      #expect(try await bench.take().messages.first?.redelivered == true)
    }
    StoreCase("the documented SELECT shows what an agent sent, and UPDATE marks it as read") { bench in
      let id = try await bench.send("for a person").messageID
      let rows = try await bench.harness.queryByHand("SELECT id, content FROM messages WHERE recipient = 'code' AND read = 0")
      #expect(rows == [[id, "for a person"]])
      try await bench.harness.executeByHand("UPDATE messages SET read = 1 WHERE id = '\(id)'")
      #expect(try await bench.take().isEmpty)
      #expect(try await bench.store.message(id, for: .cowork)?.isRead == true)
      try await bench.harness.executeByHand("UPDATE messages SET read = 0 WHERE id = '\(id)'")
      #expect(try await bench.take().contents == ["for a person"])
    }
    StoreCase("a message with nothing but a recipient is delivered and can be given back") { bench in
      try await bench.harness.executeByHand("INSERT INTO messages (id, recipient, read) VALUES ('bare', 'code', NULL)")
      let delivery = try await bench.take()
      let message = try #require(delivery.messages.first)
      #expect(message.id == "bare" && message.sender == nil && message.content == nil)
      try await bench.store.undo(#require(delivery.lease))
      #expect(try await bench.take().messages.map(\.id) == ["bare"])
      #expect(try await past(bench) == [nil])
    }
    StoreCase("only zero and nothing are unread") { bench in
      for read in ["0", "NULL", "1", "2", "-1"] { try await bench.insert("r\(read)", read: read) }
      #expect(try await bench.take().contents == ["r0", "rNULL"])
      #expect(try await bench.valueByHand("SELECT read FROM messages WHERE id = 'r2'") == "2")
    }
    StoreCase("ids that differ only in their case are two messages") { bench in
      for id in ["ABC-1", "abc-1"] {
        try await bench.insert(id)
        #expect(try await bench.store.message(id, for: .code)?.content == id)
      }
      #expect(try await past(bench, before: "abc-1") == ["ABC-1"])
      let first = try await bench.take(limit: 1)
      #expect(first.contents == ["ABC-1"])
      try await bench.store.undo(#require(first.lease))
      #expect(try await bench.take().contents == ["ABC-1", "abc-1"])
    }
    StoreCase("names that are no identities are shown as they are") { bench in
      try await bench.insert("1", "do it", from: "The Boss!")
      #expect(try await bench.store.take(TakeRequest(agent: .code, sender: "The Boss!", instance: bench.code)).contents == ["do it"])
      #expect(try await past(bench, with: "The Boss!") == ["do it"])
    }
    StoreCase("a task that was inserted by hand is news, and goes its way") { bench in
      try await bench.harness.executeByHand(
        "INSERT INTO tasks (id, sender, recipient, title, status, description, created_at, updated_at) "
          + "VALUES ('TASK-1', 'cowork', 'code', 'By hand', 'pending', 'all', datetime('now'), datetime('now'))")
      #expect(try await bench.news(for: bench.code).map(\.title) == ["By hand"])
      #expect(try await bench.move("task-1", to: .inProgress).id == "TASK-1")
      #expect(try await bench.move("TASK-1", to: .completed, result: "done").status == "completed")
      let report = try await bench.task("TASK-1", for: .cowork)
      #expect(report.history.map(\.to) == ["pending", "in_progress", "completed"])
      #expect(report.history.map(\.actor) == [nil, "code", "code"])
      #expect(try await bench.harness.queryByHand("SELECT status, result FROM tasks WHERE id = 'TASK-1'") == [["completed", "done"]])
    }
    StoreCase("a task that was ended by hand is news for its creator, and its history names nobody") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      _ = try await bench.news(for: bench.cowork)
      try await bench.harness.executeByHand("UPDATE tasks SET status = 'completed', result = 'ok' WHERE id = '\(id)'")
      let told = try await bench.news(for: bench.cowork)
      #expect(told.map(\.status) == ["completed"] && told.first?.result == "ok" && told.first?.holder == nil)
      let last = try await bench.task(id, for: .cowork).history.last
      #expect(last?.actor == nil && last?.from == "in_progress" && last?.to == "completed")
    }
    StoreCase("an unknown status is shown, and the task can still be moved") { bench in
      let id = try await bench.createTask()
      for status in ["'on hold'", "NULL", "''"] {
        try await bench.harness.executeByHand("UPDATE tasks SET status = \(status) WHERE id = '\(id)'")
        let task = try #require(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.first)
        #expect(task.status == (status == "NULL" ? nil : String(status.dropFirst().dropLast())))
        #expect(try await bench.store.agents().first?.openTasks == 1)
      }
      #expect(try await bench.move(id, to: .completed).status == "completed")
    }
    StoreCase("a task with nothing but an id and an assignee is shown") { bench in
      try await bench.harness.executeByHand("INSERT INTO tasks (id, recipient, status) VALUES ('bare', 'code', NULL)")
      let task = try #require(try await bench.news(for: bench.code).first)
      #expect(task.id == "bare" && task.title == nil && task.sender == nil && task.status == nil)
      #expect(try await bench.move("bare", to: .inProgress).status == "in_progress")
    }
    StoreCase("a task that was deleted is gone, also as news") { bench in
      let id = try await bench.createTask()
      try await bench.harness.executeByHand("DELETE FROM tasks WHERE id = '\(id)'")
      #expect(try await bench.store.unreadCounts(for: .code).isEmpty)
      #expect(try await bench.take(tasks: true).isEmpty)
      #expect(await refusal { try await bench.move(id, to: .completed) }?.code == .notFound)
    }
    StoreCase("texts of more than 4 MiB are shown by their beginning, and hold nobody up") { bench in
      try await bench.send("small")
      try await bench.harness.executeByHand(
        """
        INSERT INTO messages (id, sender, recipient, content, read) VALUES ('big', 'cowork', 'code', '\(String(repeating: "word ü", count: 150))', 0);
        INSERT INTO tasks (id, sender, recipient, title, description) VALUES ('big', 'cowork', 'code', 't', '\(String(repeating: "x", count: 1000))')
        """)
      for _ in 1...13 {
        try await bench.harness.executeByHand(
          "UPDATE messages SET content = content || content WHERE id = 'big'; UPDATE tasks SET description = description || description")
      }
      try await bench.send("after")
      let size = 150 * 7 << 13
      #expect(try await bench.take().contents == ["small"])
      let big = try #require(try await bench.take(tasks: true).messages.first)
      #expect(
        big.content?.unicodeScalars.count == Limits.excerptCharacters && big.content?.hasPrefix("word üword") == true && big.size == size)
      let rest = try await bench.take(tasks: true)
      #expect(rest.contents == ["after"] && rest.messages.first?.size == nil)
      let task = try #require(try await bench.take(tasks: true).tasks.first)
      #expect(task.description?.count == Limits.excerptCharacters && task.size == 8_192_001)
      let found = try await bench.store.history(HistoryQuery(agent: .code, text: "word"))
      #expect(found.messages.map(\.size) == [size])
      var query = HistoryQuery(agent: .code, before: "after", limit: 1)
      query.before = try await bench.store.history(HistoryQuery(agent: .code, limit: 1)).messages.first?.id
      query.isWhole = true
      let whole = try #require(try await bench.store.history(query).messages.first)
      #expect(whole.content?.utf8.count == size && whole.size == nil)
      #expect(try await bench.store.task("big", for: .code, instance: nil).task.description?.count == 8_192_000)
      try await bench.harness.executeByHand("UPDATE messages SET read = 0 WHERE id = 'big'")
      var request = TakeRequest(agent: .code, instance: bench.code)
      request.isWhole = true
      #expect(try await bench.store.take(request).messages.first?.content?.utf8.count == size)
    }
  }
}
