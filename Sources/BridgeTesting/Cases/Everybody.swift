import Bridge
import Testing

extension StoreSuite {
  /// What a reader sees who is no agent.
  static let everybody = area("everybody") {
    StoreCase("the history of all has each message once, newest first, with pages and words") { bench in
      try await bench.fillForAll()
      func past(_ text: String? = nil, with other: String? = nil, task: String? = nil, before: String? = nil, limit: Int = 20) async throws
        -> [String?]
      {
        let query = HistoryQuery(agent: nil, text: text, with: other, taskID: task, before: before, limit: limit)
        return try await bench.store.history(query).messages.map(\.content)
      }
      #expect(try await past() == ["to nobody", "note", "of others", "to code"])
      #expect(try await past(limit: 2) == ["to nobody", "note"])
      #expect(try await past("to") == ["to nobody", "to code"])
      #expect(try await past("!") == [])
      #expect(try await past(with: "reviewer") == ["to nobody", "note", "of others"])
      #expect(try await past(with: "code") == ["to code"])
      #expect(try await past("note", with: "reviewer") == ["note"])
      #expect(try await past("note", with: "code") == [])
      #expect(try await past(with: "nobody at all") == [])
      #expect(try await past(task: "abcdef12-T") == ["of others"])
      #expect(try await past(task: "abcdef12-t", before: "12345678") == ["of others"])
      #expect(try await past(with: "reviewer", before: "ABCDEF12-3") == ["of others"])
      #expect(try await past(before: "2026-01-31T12:00:00Z") == [])
      #expect(await refusal { try await past(before: "abcdef12-") }?.code == .ambiguous)
    }
    StoreCase("the tasks of all come open first, in pages, with a status or without") { bench in
      var ids = [String]()
      let sides = [(Identity.cowork, Identity.code), (.code, .cowork), (.cowork, .cowork)]
      for number in 0..<9 {
        let (sender, recipient) = sides[number % 3]
        ids.append(
          try await bench.store.createTask(NewTask(sender: sender, recipient: recipient, title: "\(number)", description: "")).taskID)
      }
      for (number, status) in [(0, TaskStatus.inProgress), (1, .completed), (5, .failed), (6, .completed)] {
        try await bench.move(ids[number], to: status, as: Instance(agent: sides[number % 3].1))
      }
      try await bench.harness.executeByHand("INSERT INTO tasks (id, title, status) VALUES ('by hand', 'typed', 'pending')")
      for role in [TaskRole.assignee, .creator] {
        var query = TaskQuery(agent: nil, role: role, limit: 4)
        var pages = [[String?]]()
        repeat {
          let page = try await bench.store.tasks(query)
          pages.append(page.tasks.map(\.title))
          #expect(page.remaining == [6, 2, 0][pages.count - 1])
          query.cursor = page.next
        } while query.cursor != nil && pages.count < 3
        #expect(pages == [["0", "2", "3", "4"], ["7", "8", "typed", "6"], ["5", "1"]])
        for (status, titles) in [(TaskStatus.pending, ["2", "3", "4", "7", "8", "typed"]), (.completed, ["6", "1"]), (.failed, ["5"])] {
          let page = try await bench.store.tasks(TaskQuery(agent: nil, role: role, status: status))
          #expect(page.tasks.map(\.title) == titles && page.remaining == 0)
        }
      }
    }
    StoreCase("a message and a task of anybody are found by their ids, whole or short") { bench in
      try await bench.fillForAll()
      for id in ["abcdef12-2", "ABCDEF12-2"] {
        #expect(try await bench.store.message(id, for: nil)?.content == "of others")
        #expect(try await bench.store.message(id, for: .code) == nil)
      }
      #expect(try await bench.store.message("12345678", for: nil)?.content == "to nobody")
      #expect(try await bench.store.message("abcdef13", for: nil) == nil)
      #expect(await refusal { try await bench.store.message("abcdef12", for: nil) }?.code == .ambiguous)
      for id in ["abcdef12-T", "abcdef12"] {
        let report = try await bench.store.task(id, for: nil, instance: nil)
        #expect(report.task.title == "theirs" && report.history.map(\.to) == ["pending"] && report.lease == nil)
        #expect(await refusal { try await bench.store.task(id, for: .code, instance: nil) }?.code == .notFound)
      }
      let error = await refusal { try await bench.store.task("abcdef13", for: nil, instance: nil) }
      #expect(error?.code == .notFound && error?.message.contains("\"abcdef13\": get_tasks") == true)
    }
  }
}

extension StoreBench {
  /// Messages of several agents, one of which has no recipient, and a task of others than `code` and `cowork`.
  fileprivate func fillForAll() async throws {
    let reviewer = try Identity("reviewer")
    try await store.addAgent(reviewer)
    try await send("to code", id: "abcdef12-1")
    try await harness.executeByHand(
      "INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('abcdef12-t', 'reviewer', 'cowork', 'theirs', 'pending')")
    let message = NewMessage(id: "abcdef12-2", sender: reviewer, recipient: .cowork, content: "of others", taskID: "abcdef12-t")
    _ = try await store.send(message)
    _ = try await store.send(NewMessage(id: "abcdef12-3", sender: reviewer, recipient: reviewer, content: "note"))
    try await harness.executeByHand(
      "INSERT INTO messages (id, sender, recipient, content, read) VALUES ('12345678-4', 'reviewer', NULL, 'to nobody', NULL)")
  }
}
