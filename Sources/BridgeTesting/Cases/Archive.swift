import Bridge
import Testing

extension StoreBench {
  /// All messages, in pages of so many.
  func archivedMessages(by limit: Int = 1_000) async throws -> [ArchivedMessage] { try await archived(by: limit) }

  func archivedTasks(by limit: Int = 1_000) async throws -> [ArchivedTask] { try await archived(by: limit) }

  private func archived<Record: ArchiveRecord>(by limit: Int) async throws -> [Record] {
    var (records, place) = ([Record](), Int64?.none)
    repeat {
      let page = try await store.archived(Record.self, after: place, limit: limit)
      records += page.records
      place = page.next
    } while place != nil
    return records
  }

  /// As in another database.
  func wipe() async throws {
    for table in ["messages", "message_details", "tasks", "task_details", "task_events", "leases", "lease_items", "agents"] {
      try await harness.executeByHand("DELETE FROM \(table)")
    }
  }

  func message(_ id: String, _ content: String = "x", read: Int? = 0) -> ArchivedMessage {
    var message = ArchivedMessage()
    message.id = ArchivedText(id)
    message.sender = ArchivedText("cowork")
    message.recipient = ArchivedText("code")
    message.content = ArchivedText(content)
    message.createdAt = ArchivedText("2026-01-31T12:00:00.000Z")
    message.read = read
    return message
  }

  func task(_ id: String, _ status: String, changed: String = "2026-01-31T12:00:00.000Z", result: String? = nil) -> ArchivedTask {
    var task = ArchivedTask()
    task.id = ArchivedText(id)
    task.sender = ArchivedText("cowork")
    task.recipient = ArchivedText("code")
    task.title = ArchivedText("t")
    task.status = ArchivedText(status)
    task.createdAt = ArchivedText("2026-01-31T12:00:00.000Z")
    task.updatedAt = ArchivedText(changed)
    task.result = result.map { ArchivedText($0) }
    return task
  }

  func event(_ at: String, _ note: String) -> ArchivedEvent {
    var event = ArchivedEvent()
    event.at = "2026-01-31T\(at):00.000Z"
    (event.actor, event.instance, event.to, event.note) = ("code", "i", "pending", note)
    return event
  }
}

extension StoreSuite {
  static let archive = area(
    "archive",
    [
      StoreCase("what is read out and written into an empty store is the same, and writing it again changes nothing") { bench in
        try await bench.store.addAgent(Identity("reviewer"))
        for (index, text) in OddTexts.all.enumerated() {
          _ = try await bench.store.send(
            NewMessage(
              sender: .cowork, recipient: .code, content: text, replyTo: "r\(index)", taskID: text == " " ? nil : "t",
              idempotencyKey: "k\(index)"))
        }
        try await bench.store.confirm(#require(try await bench.take(limit: 3).lease))
        try await bench.harness.executeByHand("INSERT INTO messages (id, recipient, read) VALUES ('bare', 'code', NULL)")
        let task = try await bench.createTask()
        try await bench.move(task, to: .inProgress)
        try await bench.move(try await bench.createTask("Other"), to: .failed, result: "no")
        _ = try await bench.createTask("Third")
        let (messages, tasks, agents) = (
          try await bench.archivedMessages(), try await bench.archivedTasks(), try await bench.store.archivedAgents()
        )
        #expect(messages.filter(\.isRead).count == 3 && tasks.map(\.events.count) == [2, 2, 1] && agents.map(\.name).contains("reviewer"))
        try await bench.wipe()
        for round in [1, 2] {
          let outcomes = [
            try await bench.store.write(messages), try await bench.store.write(tasks), try await bench.store.write(agents),
          ]
          #expect(outcomes.map(\.added) == (round == 1 ? [messages.count, tasks.count, agents.count] : [0, 0, 0]))
          #expect(outcomes.allSatisfy { $0.updated == 0 && $0.keysTaken == 0 })
          #expect(try await bench.archivedMessages() == messages)
          #expect(try await bench.archivedTasks() == tasks)
          #expect(try await bench.store.archivedAgents() == agents)
        }
        let other = Instance(agent: .code)
        #expect(await refusal { try await bench.move(task, to: .inProgress, as: other) }?.code == .alreadyClaimed)
        let again = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: " ", idempotencyKey: "k0"))
        #expect(again.duplicate)
      },
      StoreCase("pages follow each other in the order of insertion") { bench in
        for number in 1...5 { try await bench.send("\(number)") }
        let paged = try await bench.archivedMessages(by: 2)
        #expect(paged.map { $0.content?.portable } == ["1", "2", "3", "4", "5"])
        let messages = try await bench.archivedMessages()
        try await bench.wipe()
        _ = try await bench.store.write(messages)
        #expect(try await bench.unread() == ["1", "2", "3", "4", "5"])
        #expect(try await bench.store.archiveTotals().messages == 5)
      },
      StoreCase("what is under a lease is unread elsewhere, and marked") { bench in
        let task = try await bench.createTask()
        try await bench.send("on its way")
        _ = try await bench.take(tasks: true)
        let (messages, tasks) = (try await bench.archivedMessages(), try await bench.archivedTasks())
        #expect(messages.map(\.isRead) == [false] && messages.map(\.redelivered) == [true])
        #expect(tasks.map(\.assigneeNews) == [true])
        #expect(try await bench.store.counterparts(of: messages).values.map(\.isRead) == [true])
        try await bench.wipe()
        _ = try await bench.store.write(messages)
        _ = try await bench.store.write(tasks)
        let delivery = try await bench.take(tasks: true)
        #expect(delivery.messages.map(\.redelivered) == [true] && delivery.tasks.map(\.id) == [task])
      },
      StoreCase("what turns out to have arrived is read elsewhere, and no longer marked") { bench in
        var message = bench.message("m")
        message.giveBack()
        _ = try await bench.store.write([message])
        var arrived = bench.message("m", read: 1)
        arrived.readAt = "2026-02-01T00:00:00.000Z"
        for updated in [1, 0] { #expect(try await bench.store.write([arrived]).updated == updated) }
        #expect(try await bench.archivedMessages() == [arrived])
      },
      StoreCase("read wins over unread, and is not undone") { bench in
        _ = try await bench.store.write([bench.message("m"), bench.message("n")])
        var read = bench.message("m", read: 1)
        read.readAt = "2026-02-01T00:00:00.000Z"
        let outcome = try await bench.store.write([read])
        #expect(outcome.added == 0 && outcome.updated == 1)
        #expect(try await bench.store.message("m", for: .code)?.readAt == "2026-02-01T00:00:00.000Z")
        #expect(try await bench.store.write([bench.message("m")]).updated == 0)
        #expect(try await bench.archivedMessages().map(\.isRead) == [true, false])
      },
      StoreCase("rows without an id get one that is the same each time") { bench in
        for _ in 1...2 {
          try await bench.harness.executeByHand(
            "INSERT INTO messages (sender, recipient, content, read) VALUES ('cowork', 'code', 'same', 0)")
        }
        try await bench.harness.executeByHand("INSERT INTO tasks (sender, recipient, title) VALUES ('cowork', 'code', 'nameless')")
        let (messages, tasks) = (try await bench.archivedMessages(), try await bench.archivedTasks())
        #expect(Set(messages.map(\.key)).count == 2)
        #expect(try await bench.archivedMessages() == messages)
        // Into their own store and into another, twice each.
        for _ in 1...2 {
          let outcomes = [try await bench.store.write(messages), try await bench.store.write(tasks)]
          #expect(outcomes.map(\.added) == [0, 0])
        }
        var read = messages[1]
        read.read = 1
        #expect(try await bench.store.write([read]).updated == 1)
        #expect(try await bench.archivedMessages().map(\.isRead) == [false, true])
        try await bench.wipe()
        #expect(try await bench.store.write(messages).added == 2)
        #expect(try await bench.store.write(messages).added == 0)
        #expect(try await bench.store.write(tasks).added == 1)
        #expect(try await bench.store.write(tasks).added == 0)
      },
      StoreCase("ids that differ only in their case stay two") { bench in
        let first = try await bench.store.write([bench.message("ABC"), bench.message("abc")])
        let second = try await bench.store.write([bench.message("abc")])
        #expect(first.added == 2 && second.added == 0)
      },
      StoreCase("a different record under the same id is not changed") { bench in
        _ = try await bench.store.write([bench.message("m", "mine")])
        let outcome = try await bench.store.write([bench.message("m", "theirs", read: 1)])
        #expect(outcome == ArchiveOutcome())
        #expect(try await bench.unread() == ["mine"])
        var other = bench.task("t", "completed")
        _ = try await bench.store.write([bench.task("t", "pending")])
        other.title = ArchivedText("another")
        #expect(try await bench.store.write([other]) == ArchiveOutcome())
        #expect(try await bench.archivedTasks().map(\.status) == [ArchivedText("pending")])
      },
      StoreCase("a key that is taken stays with whom it has") { bench in
        var (one, two, three) = (bench.message("one"), bench.message("two"), bench.message("three"))
        one.idempotencyKey = "k"
        two.idempotencyKey = "k"
        three.idempotencyKey = "k"
        _ = try await bench.store.write([one])
        let outcome = try await bench.store.write([two, three])
        #expect(outcome.added == 2 && outcome.keysTaken == 2)
        #expect(try await bench.archivedMessages().map(\.idempotencyKey) == ["k", nil, nil])
        var task = bench.task("t", "pending")
        task.idempotencyKey = "k"
        var next = bench.task("u", "pending")
        next.idempotencyKey = "k"
        #expect(try await bench.store.write([task, next]).keysTaken == 1)
      },
      StoreCase("ended wins over open, and the later change over the earlier") { bench in
        let tasks = ["a", "b", "c", "d"].map { bench.task($0, "in_progress", changed: "2026-02-02T00:00:00.000Z") }
        _ = try await bench.store.write(tasks)
        let outcome = try await bench.store.write([
          bench.task("a", "completed", changed: "2026-02-01T00:00:00.000Z", result: "done"), bench.task("b", "pending"),
          bench.task("c", "in_progress", changed: "2026-02-03 00:00:00", result: "later"), bench.task("d", "in_progress"),
        ])
        #expect(outcome.added == 0 && outcome.updated == 2)
        let found = try await bench.archivedTasks()
        #expect(found.map { $0.status?.portable } == ["completed", "in_progress", "in_progress", "in_progress"])
        #expect(found.map { $0.result?.portable } == ["done", nil, "later", nil])
        #expect(try await bench.store.write([bench.task("a", "failed", changed: "2026-03-01T00:00:00.000Z")]).updated == 0)
      },
      StoreCase("two histories become one, and triggers add nothing to them") { bench in
        var (here, there) = (bench.task("t", "pending"), bench.task("t", "in_progress", changed: "2026-02-01T00:00:00.000Z"))
        here.events = [bench.event("12:00", "both"), bench.event("12:02", "here")]
        there.events = [bench.event("12:00", "both"), bench.event("12:01", "there"), bench.event("12:03", "there")]
        _ = try await bench.store.write([here])
        #expect(try await bench.archivedTasks().first?.events == here.events)
        for updated in [1, 0] { #expect(try await bench.store.write([there]).updated == updated) }
        #expect(try await bench.archivedTasks().first?.events.map(\.note) == ["both", "there", "here", "there"])
      },
      StoreCase("a claim goes with the newer state, and who has looked has looked") { bench in
        var (here, there) = (bench.task("t", "in_progress"), bench.task("t", "in_progress"))
        here.creatorNews = true
        (there.holder, there.holderProcess, there.heldUntil) = ("code@there", "s|1|2", "2999-01-01T00:00:00.000Z")
        _ = try await bench.store.write([here])
        #expect(try await bench.store.write([there]).updated == 1)
        let task = try #require(try await bench.archivedTasks().first)
        #expect(task.holder == "code@there" && task.heldUntil == "2999-01-01T00:00:00.000Z" && !task.creatorNews)
        #expect(try await bench.store.write([here]).updated == 0)
        // The claim of a dead holder is not restored.
        var ended = there
        ended.heldUntil = ""
        for (record, updated) in [(ended, 1), (ended, 0), (there, 0)] { #expect(try await bench.store.write([record]).updated == updated) }
        #expect(try await bench.archivedTasks().first?.heldUntil == "")
      },
      StoreCase("unread mail and news that are written wake their recipient") { bench in
        let another = try await bench.another()
        let wakeUps = bench.store.wakeUps(for: .code, .waiting)
        _ = try await bench.unread()
        _ = try await another.write([bench.message("m", "hello")])
        #expect(try await Hints.until(wakeUps) { try await bench.unread().first } == "hello")
      },
      StoreCase("a store knows itself by any of its connections") { bench in
        let another = try await bench.another()
        #expect(try await bench.store.archiveIdentity() == (try await another.archiveIdentity()))
        #expect(try await bench.store.exists())
      },
    ])
}
