import Bridge
import Testing

extension StoreBench {
  /// Seven tasks, of which 2 and 5 are pending, 4 is in progress, 3, 6 and 7 are completed, and 1 has failed.
  fileprivate func createEndedAndOpenTasks() async throws {
    for number in 1...7 {
      let id = try await createTask("\(number)")
      switch number {
      case 1: try await move(id, to: .failed)
      case 3, 6, 7: try await move(id, to: .completed)
      case 4: try await move(id, to: .inProgress)
      default: break
      }
    }
  }

  /// All pages of a list.
  fileprivate func pages(_ query: TaskQuery) async throws -> [Delivery] {
    var query = query
    var pages = [Delivery]()
    repeat {
      pages.append(try await store.tasks(query))
      // Programs carry it as text.
      query.cursor = try pages.last?.next.map { try TaskCursor($0.text) }
    } while query.cursor != nil && pages.count < 100
    return pages
  }
}

extension Delivery {
  fileprivate var titles: [String] { tasks.compactMap(\.title) }
}

extension StoreSuite {
  static let tasks = area("tasks") {
    StoreCase("a task is created pending, and both sides see it whole") { bench in
      let new = NewTask(sender: .cowork, recipient: .code, title: "Fix the build", description: "Line 3\nand 4")
      let receipt = try await bench.store.createTask(new)
      #expect(receipt.taskID == new.id && receipt.status == "pending")
      for agent in Identity.wellKnown {
        // An id is found in any case.
        let report = try await bench.task(new.id.uppercased(), for: agent)
        let task = report.task
        #expect(task.id == new.id && task.sender == "cowork" && task.recipient == "code" && task.title == new.title)
        #expect(task.description == new.description && task.status == "pending" && task.result == nil && task.holder == nil)
        #expect(task.createdAt == receipt.createdAt && !task.stale)
        #expect(report.history.map(\.to) == ["pending"] && report.history.first?.actor == "cowork")
        #expect(report.history.first?.from == nil && report.history.first?.at != nil)
      }
    }
    StoreCase("a task goes from pending through in_progress to its end, and all of it is recorded") { bench in
      let id = try await bench.createTask()
      let begun = try await bench.move(id, to: .inProgress)
      #expect(begun.status == "in_progress" && begun.holder == bench.code.id && !begun.stale)
      let done = try await bench.move(id, to: .completed, result: "It builds")
      #expect(done.status == "completed" && done.result == "It builds" && done.holder == nil && done.updatedAt != nil)
      let report = try await bench.task(id, for: .cowork)
      #expect(report.task == done)
      #expect(report.history.map(\.from) == [nil, "pending", "in_progress"])
      #expect(report.history.map(\.to) == ["pending", "in_progress", "completed"])
      #expect(report.history.map(\.actor) == ["cowork", "code", "code"])
      #expect(report.history.last?.note == "It builds")
    }
    StoreCase("in_progress may be skipped, which the history shows, and a later change without a result keeps it") { bench in
      let id = try await bench.createTask()
      #expect(try await bench.move(id, to: .failed, result: "No such file").status == "failed")
      let last = try await bench.task(id).history.last
      #expect(last?.from == "pending" && last?.to == "failed" && last?.note == "No such file")
      let other = try await bench.createTask()
      try await bench.move(other, to: .inProgress, result: "half way")
      #expect(try await bench.move(other, to: .completed).result == "half way")
    }
    StoreCase("repeating a status is a success that records nothing") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      #expect(try await bench.move(id, to: .inProgress).status == "in_progress")
      try await bench.move(id, to: .completed, result: "done")
      #expect(try await bench.move(id, to: .completed, result: "done").result == "done")
      #expect(try await bench.move(id, to: .completed).result == "done")
      #expect(try await bench.task(id).history.count == 3)
    }
    StoreCase("tasks are listed by side and status in the order of their creation") { bench in
      let ids = [try await bench.createTask("1"), try await bench.createTask("2"), try await bench.createTask("3")]
      try await bench.move(ids[1], to: .inProgress)
      func titles(_ agent: Identity, _ role: TaskRole, _ status: TaskStatus? = nil) async throws -> [String?] {
        try await bench.store.tasks(TaskQuery(agent: agent, role: role, status: status)).tasks.map(\.title)
      }
      #expect(try await titles(.code, .assignee) == ["1", "2", "3"])
      #expect(try await titles(.cowork, .creator) == ["1", "2", "3"])
      #expect(try await titles(.code, .creator).isEmpty)
      #expect(try await titles(.cowork, .assignee).isEmpty)
      #expect(try await titles(.code, .assignee, .pending) == ["1", "3"])
      #expect(try await titles(.cowork, .creator, .inProgress) == ["2"])
    }
    StoreCase("a list is limited by number and by size, and counts the rest") { bench in
      for title in ["1", "2", "3"] { _ = try await bench.createTask(title) }
      let page = try await bench.store.tasks(TaskQuery(agent: .code, limit: 2))
      #expect(page.tasks.map(\.title) == ["1", "2"] && page.remaining == 1)
      let small = try await bench.store.tasks(TaskQuery(agent: .code, characters: 1))
      #expect(small.tasks.map(\.title) == ["1"] && small.remaining == 2)
      let whole = try await bench.store.tasks(TaskQuery(agent: .code, limit: 3))
      #expect(whole.remaining == 0 && whole.next == nil)
    }
    StoreCase("open tasks come first, the oldest first, and then those that have ended, the newest first") { bench in
      try await bench.createEndedAndOpenTasks()
      for (agent, role) in [(Identity.code, TaskRole.assignee), (.cowork, .creator)] {
        for limit in [1, 2, 3, 200] {
          let pages = try await bench.pages(TaskQuery(agent: agent, role: role, limit: limit))
          #expect(pages.flatMap(\.titles) == ["2", "4", "5", "7", "6", "3", "1"])
          #expect(pages.map(\.remaining) == (1...pages.count).map { max(0, 7 - limit * $0) })
        }
        let completed = try await bench.pages(TaskQuery(agent: agent, role: role, status: .completed, limit: 2))
        #expect(completed.map(\.titles) == [["7", "6"], ["3"]] && completed.map(\.remaining) == [1, 0])
        let pending = try await bench.pages(TaskQuery(agent: agent, role: role, status: .pending, limit: 1))
        #expect(pending.map(\.titles) == [["2"], ["5"]] && pending.map(\.remaining) == [1, 0])
      }
    }
    StoreCase("of long results the newest are shown, and paging shows all of them") { bench in
      for number in 1...30 {
        let id = try await bench.createTask("\(number)")
        try await bench.move(id, to: .completed, result: String(repeating: "x", count: 12_000))
      }
      let pages = try await bench.pages(TaskQuery(agent: .code))
      #expect(pages.first?.titles == ["30", "29"] && pages.first?.remaining == 28)
      #expect(pages.flatMap(\.titles) == (1...30).reversed().map { "\($0)" })
    }
    StoreCase("a task that stays is on one of the pages, whatever changes between them") { bench in
      var ids = [String]()
      for number in 1...12 { ids.append(try await bench.createTask("\(number)")) }
      for index in 6..<12 { try await bench.move(ids[index], to: .failed) }
      var query = TaskQuery(agent: .code, limit: 2)
      var seen = [String]()
      // Between two pages: one that was shown ends, one that was not, one is removed, and one is made.
      for step in 0... {
        let page = try await bench.store.tasks(query)
        seen += page.titles
        guard let next = page.next else { break }
        query.cursor = next
        switch step {
        case 0: try await bench.move(ids[0], to: .completed)
        case 1: try await bench.move(ids[5], to: .completed)
        case 2: try await bench.harness.executeByHand("DELETE FROM tasks WHERE id IN ('\(ids[4])', '\(ids[8])', '\(ids[11])')")
        case 3: _ = try await bench.createTask("new")
        default: break
        }
      }
      #expect(Set((1...12).map { "\($0)" }).subtracting(seen).isSubset(of: ["5", "9", "12"]))
    }
    StoreCase("every kind of text comes back unchanged") { bench in
      for text in OddTexts.all {
        let task = NewTask(sender: .cowork, recipient: .code, title: text, description: text)
        _ = try await bench.store.createTask(task)
        let done = try await bench.move(task.id, to: .completed, result: text)
        #expect(done.title == text && done.description == text && done.result == text)
      }
    }
    StoreCase("a task for an unknown agent is refused") { bench in
      let task = try NewTask(sender: .code, recipient: Identity("nobody"), title: "t", description: "")
      #expect(await refusal { try await bench.store.createTask(task) }?.code == .unknownRecipient)
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM tasks") == "0")
    }
  }

  static let endingTasks = area("ending tasks") {
    StoreCase("a creator ends a task, and the result says who and why") { bench in
      let id = try await bench.createTask()
      let ended = try await bench.move(id, to: .failed, result: "not needed", as: bench.cowork)
      #expect(ended.status == "failed" && ended.result?.contains("cowork") == true && ended.result?.contains("not needed") == true)
      #expect(try await bench.move(id, to: .failed, result: "not needed", as: bench.cowork) == ended)
    }
    StoreCase("a creator can neither begin nor complete what it has assigned to another") { bench in
      let id = try await bench.createTask()
      for status in [TaskStatus.inProgress, .completed, .pending] {
        #expect(await refusal { try await bench.move(id, to: status, as: bench.cowork) }?.code == .notAllowed)
      }
      #expect(try await bench.task(id).history.count == 1)
      // A result is recorded like any that is refused.
      for _ in 1...2 {
        #expect(await refusal { try await bench.move(id, to: .completed, result: "done", as: bench.cowork) }?.code == .notAllowed)
      }
      let note = "refused result (completed): done"
      #expect(try await bench.task(id).history.map(\.note) == [nil, note, note])
      #expect(try await bench.news(for: bench.cowork).isEmpty)
    }
    StoreCase("others neither see nor move a task") { bench in
      let id = try await bench.createTask()
      let stranger = Instance(agent: try Identity("stranger"))
      let seen = await refusal { try await bench.store.task(id, for: stranger.agent, instance: stranger) }
      let moved = await refusal { try await bench.move(id, to: .completed, as: stranger) }
      #expect(seen?.code == .notFound && moved?.code == .notFound)
      let missing = await refusal { try await bench.move(UniqueID.make(), to: .completed) }
      #expect(missing?.code == .notFound)
      #expect(try await bench.task(id).task.status == "pending")
    }
    StoreCase("an ended task stays as it is, and the error names its status") { bench in
      for end in [TaskStatus.completed, .failed] {
        let id = try await bench.createTask()
        let ended = try await bench.move(id, to: end, result: "so")
        for status in TaskStatus.allCases where status != end {
          let error = await refusal { try await bench.move(id, to: status) }
          #expect(error?.code == .wrongStatus && error?.message.contains(end.rawValue) == true)
        }
        let other = await refusal { try await bench.move(id, to: end, result: "other") }
        #expect(other?.code == .wrongStatus)
        #expect(try await bench.task(id).task == ended)
      }
    }
  }
}
