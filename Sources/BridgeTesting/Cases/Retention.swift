import Bridge
import Testing

extension StoreBench {
  /// Steps to the end.
  func prune(olderThan age: Duration = .seconds(3600), dryRun: Bool = false) async throws -> [Int] {
    let time = try await store.time(before: age)
    var (counts, place) = ([0, 0], PrunePlace?.none)
    repeat {
      let step = try await store.prune(before: time, after: place, dryRun: dryRun)
      counts = [counts[0] + step.messages, counts[1] + step.tasks]
      place = step.next
    } while place != nil
    return counts
  }

  func ids(_ table: String) async throws -> [String?] { try await harness.queryByHand("SELECT id FROM \(table) ORDER BY id").map { $0[0] } }
}

extension StoreSuite {
  static let retention = area("retention") {
    StoreCase("only old messages that were read go, with all that belongs to them") { bench in
      func old(_ id: String, read: String = "1", at time: String = "'2020-01-01T00:00:00.000Z'") async throws {
        try await bench.insert(id, read: read, at: time)
      }
      try await old("gone1")
      try await old("gone2", at: "'2020-01-01 00:00:00'")
      try await old("gone3", read: "2", at: "'2020-01-01 10:00:00.5+02'")
      try await old("gone4", at: "NULL")
      try await bench.harness.executeByHand(
        "INSERT INTO message_details (message_id, read_at) VALUES ('gone4', '2020-01-01T00:00:00.000Z')")
      for (index, time) in ["NULL", "'yesterday'", "'epoch'", "'12'", "'2020-02-30'", "'now'", "''"].enumerated() {
        try await old("kept-no-time\(index)", at: time)
      }
      for read in ["0", "NULL"] { try await old("kept-unread-\(read)", read: read) }
      try await old("kept-young", at: "datetime('now')")
      let open = try await bench.createTask()
      try await old("kept-task")
      try await bench.harness.executeByHand("INSERT INTO message_details (message_id, task_id) VALUES ('kept-task', upper('\(open)'))")
      try await bench.insert("kept-lease", to: "cowork", at: "'2020-01-01'")
      _ = try await bench.store.take(TakeRequest(agent: .cowork, instance: bench.cowork))
      let before = try await bench.ids("messages")
      #expect(try await bench.prune(dryRun: true) == [4, 0])
      #expect(try await bench.ids("messages") == before)
      #expect(try await bench.prune() == [4, 0])
      #expect(try await bench.ids("messages") == before.filter { $0?.hasPrefix("kept") == true })
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM message_details WHERE message_id LIKE 'gone%'") == "0")
      #expect(try await bench.prune() == [0, 0])
      #expect(try await bench.store.giveBackSpace().returned >= 0)
    }
    StoreCase("a key of a removed message is free again") { bench in
      var message = NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k")
      _ = try await bench.store.send(message)
      try await bench.store.confirm(bench.lease())
      #expect(try await bench.prune() == [0, 0])
      #expect(try await bench.prune(olderThan: .seconds(-3600)) == [1, 0])
      message.content = "anew"
      #expect(try await bench.store.send(message).isNew)
    }
    StoreCase("only old tasks that have ended and were seen go, with their history") { bench in
      func task(_ title: String, _ status: TaskStatus?, seen: Bool = true, changed: String? = "2020-01-01T00:00:00.000Z") async throws {
        let id = try await bench.createTask(title)
        if let status { try await bench.move(id, to: status) }
        for instance in seen ? [bench.code, bench.cowork] : [] { _ = try await bench.news(for: instance) }
        let time = changed.map { "'\($0)'" } ?? "NULL"
        try await bench.harness.executeByHand(
          "UPDATE tasks SET updated_at = \(time), created_at = '2020-01-01 00:00:00' WHERE id = '\(id)'")
      }
      try await task("gone", .completed)
      try await task("gone", .failed, changed: nil)
      try await task("gone", .failed, changed: "soon")
      try await task("young", .completed, changed: "2999-01-01T00:00:00.000Z")
      try await task("pending", nil)
      try await task("begun", .inProgress)
      for instance in [bench.code, bench.cowork] { try await bench.store.heartbeat(instance) }
      // Last, because looking marks all news as seen.
      try await task("unseen", .completed, seen: false)
      #expect(try await bench.prune(dryRun: true) == [0, 3])
      #expect(try await bench.prune() == [0, 3])
      let left = try await bench.harness.queryByHand("SELECT title FROM tasks ORDER BY title").map { $0[0] }
      #expect(left == ["begun", "pending", "unseen", "young"])
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM task_details") == "4")
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM task_events WHERE task_id NOT IN (SELECT id FROM tasks)") == "0")
      _ = try await bench.store.take(TakeRequest(agent: .cowork, includesTasks: true, instance: bench.cowork))
      #expect(try await bench.prune() == [0, 0])
    }
    StoreCase("news for an agent that was never there, or comes no more, keeps no task") { bench in
      for (index, agent) in ["cowork", "gone", "never"].enumerated() {
        try await bench.harness.executeByHand(
          "INSERT INTO tasks (id, sender, recipient, title, status, created_at) "
            + "VALUES ('\(index)', '\(agent)', 'code', '\(agent)', 'in_progress', '2020-01-01 00:00:00')")
      }
      try await bench.harness.executeByHand("UPDATE tasks SET status = 'completed'")
      for instance in [bench.cowork, Instance(agent: try Identity("gone"))] { try await bench.store.heartbeat(instance) }
      try await bench.harness.executeByHand(
        "UPDATE agents SET added_at = '2019-01-01T00:00:00.000Z', last_seen = '2019-06-01T00:00:00.000Z' WHERE name = 'gone'")
      _ = try await bench.news(for: bench.code)
      #expect(try await bench.prune() == [0, 2])
      #expect(try await bench.ids("tasks") == ["0"])
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM task_details") == "1")
      #expect(try await bench.news(for: bench.cowork).map(\.title) == ["cowork"])
      #expect(try await bench.prune() == [0, 1])
    }
    StoreCase("what is left is found, and what went is not, also where later rows take its place") { bench in
      try await bench.send("walrus kept")
      for number in 1...3 { try await bench.send("walrus \(number)") }
      #expect(try await past(bench, text: "walrus").count == 4)
      try await bench.harness.executeByHand(
        "UPDATE messages SET read = 1, created_at = '2020-01-01' WHERE content <> 'walrus kept'")
      #expect(try await bench.prune() == [3, 0])
      for text in ["otter", "otter", "otter"] { try await bench.send(text) }
      #expect(try await past(bench, text: "walrus") == ["walrus kept"])
      _ = try await bench.store.giveBackSpace()
      #expect(try await past(bench, text: "walrus") == ["walrus kept"])
      #expect(try await past(bench, text: "otter").count == 3)
      #expect(try await bench.unread() == ["walrus kept", "otter", "otter", "otter"])
    }
  }
}
