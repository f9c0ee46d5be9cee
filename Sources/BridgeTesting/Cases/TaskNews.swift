import Bridge
import Testing

extension StoreSuite {
  static let taskNews = area("news of tasks") {
    StoreCase("a new task is news for its assignee, once, and not for its creator") { bench in
      let id = try await bench.createTask()
      #expect(try await bench.store.unreadCounts(for: .code) == UnreadCounts(tasks: 1))
      #expect(try await bench.news(for: bench.cowork).isEmpty)
      #expect(try await bench.news(for: bench.code).map(\.id) == [id])
      #expect(try await bench.news(for: bench.code).isEmpty)
      #expect(try await bench.store.unreadCounts(for: .code).isEmpty)
    }
    StoreCase("each change and each word on the progress is news for the creator, and the assignee has seen the task") { bench in
      let id = try await bench.createTask()
      for (status, result) in [(TaskStatus.inProgress, nil), (.inProgress, "half way"), (.completed, "all")] {
        try await bench.move(id, to: status, result: result)
        #expect(try await bench.news(for: bench.code).isEmpty)
        let news = try await bench.news(for: bench.cowork)
        #expect(news.map(\.status) == [status.rawValue] && news.map(\.result) == [result])
        #expect(try await bench.news(for: bench.cowork).isEmpty)
      }
    }
    StoreCase("a task that its creator ends is news for the assignee") { bench in
      let id = try await bench.createTask()
      _ = try await bench.news(for: bench.code)
      try await bench.move(id, to: .failed, result: "stop", as: bench.cowork)
      #expect(try await bench.news(for: bench.code).map(\.status) == ["failed"])
      #expect(try await bench.news(for: bench.cowork).isEmpty)
    }
    StoreCase("several changes of a task are one piece of news that shows the last") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      try await bench.move(id, to: .completed, result: "all")
      let news = try await bench.news(for: bench.cowork)
      #expect(news.map(\.id) == [id] && news.first?.result == "all")
    }
    StoreCase("news that were given back are news again") { bench in
      let id = try await bench.createTask()
      let lease = try await bench.lease(tasks: true)
      #expect(try await bench.take(tasks: true).isEmpty)
      try await bench.store.undo(lease)
      #expect(try await bench.news(for: bench.code).map(\.id) == [id])
    }
    StoreCase("a change while its predecessor is being told is news after that was confirmed") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      let told = try await bench.store.take(TakeRequest(agent: .cowork, includesTasks: true, instance: bench.cowork))
      try await bench.move(id, to: .completed, result: "done")
      try await bench.store.confirm(#require(told.lease))
      #expect(try await bench.news(for: bench.cowork).map(\.status) == ["completed"])
    }
    StoreCase("reading messages alone, or only looking at tasks, leaves their news") { bench in
      let id = try await bench.createTask()
      try await bench.send("hello")
      let delivery = try await bench.take()
      #expect(delivery.contents == ["hello"] && delivery.tasks.isEmpty)
      #expect(try await bench.store.tasks(TaskQuery(agent: .code)).lease == nil)
      #expect(try await bench.task(id).lease == nil)
      #expect(try await bench.news(for: bench.code).map(\.id) == [id])
    }
    StoreCase("a list that a process reads counts as seen once it is delivered") { bench in
      _ = try await bench.createTask()
      let query = TaskQuery(agent: .code, instance: bench.code)
      let lease = try #require(try await bench.store.tasks(query).lease)
      #expect(try await bench.store.unreadCounts(for: .code).tasks == 0)
      try await bench.store.undo(lease)
      #expect(try await bench.store.unreadCounts(for: .code).tasks == 1)
      try await bench.store.confirm(#require(try await bench.store.tasks(query).lease))
      #expect(try await bench.store.tasks(query).lease == nil)
      #expect(try await bench.news(for: bench.code).isEmpty)
    }
    StoreCase("one task that a process reads counts as seen for its side only") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      try await bench.move(id, to: .failed, as: bench.cowork)
      let report = try await bench.store.task(id, for: .code, instance: bench.code)
      try await bench.store.confirm(#require(report.lease))
      #expect(try await bench.news(for: bench.code).isEmpty)
      #expect(try await bench.store.task(id, for: .code, instance: bench.code).lease == nil)
    }
    StoreCase("news beyond the limit of a list or a call stay, and come in the order of creation") { bench in
      for title in ["1", "2", "3", "4", "5"] { _ = try await bench.createTask(title) }
      let page = try await bench.store.tasks(TaskQuery(agent: .code, limit: 2, instance: bench.code))
      try await bench.store.confirm(#require(page.lease))
      #expect(try await bench.take(limit: 2, tasks: true).tasks.map(\.title) == ["3", "4"])
      #expect(try await bench.take(limit: 2, tasks: true).tasks.map(\.title) == ["5"])
    }
    StoreCase("messages and tasks share the room of a reply") { bench in
      let text = String(repeating: "x", count: 800)
      try await bench.send(text)
      _ = try await bench.store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: text))
      let request = TakeRequest(agent: .code, includesTasks: true, characters: 1_500, instance: bench.code)
      let first = try await bench.store.take(request)
      #expect(first.messages.count == 1 && first.tasks.isEmpty)
      #expect(try await bench.store.take(request).tasks.count == 1)
    }
    StoreCase("a task that a person gives to another agent is news for that one, and nobody's claim") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      _ = try await bench.news(for: bench.cowork)
      try await bench.harness.executeByHand("UPDATE tasks SET sender = 'code', recipient = 'cowork' WHERE id = '\(id)'")
      #expect(try await bench.store.unreadCounts(for: .code).tasks == 0)
      #expect(try await bench.store.unreadCounts(for: .cowork).tasks == 1)
      #expect(try await bench.news(for: bench.cowork).map(\.holder) == [nil])
      #expect(try await bench.move(id, to: .completed, as: bench.cowork).status == "completed")
      #expect(try await bench.news(for: bench.code).map(\.status) == ["completed"])
    }
    StoreCase("a task for oneself that was ended by hand is news for both sides, and counts once") { bench in
      let task = NewTask(sender: .code, recipient: .code, title: "own", description: "")
      _ = try await bench.store.createTask(task)
      try await bench.harness.executeByHand("UPDATE tasks SET status = 'completed'")
      #expect(try await bench.store.unreadCounts(for: .code).tasks == 1)
      #expect(try await bench.news(for: bench.code).map(\.id) == [task.id])
      #expect(try await bench.store.unreadCounts(for: .code).isEmpty)
    }
    StoreCase("a task for oneself is told once, and not its own changes") { bench in
      let task = NewTask(sender: .code, recipient: .code, title: "own", description: "")
      _ = try await bench.store.createTask(task)
      #expect(try await bench.news(for: bench.code).map(\.id) == [task.id])
      try await bench.move(task.id, to: .completed)
      #expect(try await bench.news(for: bench.code).isEmpty)
    }
  }
}
