import Bridge
import Testing

extension StoreBench {
  /// All records, in pages of so many.
  func archived<Record: ArchiveRecord>(_ type: Record.Type, by limit: Int = 1_000) async throws -> [Record] {
    var (records, place) = ([Record](), Int64?.none)
    repeat {
      let page = try await store.archived(type, after: place, limit: limit)
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

  /// Writes records, and twice those of another store with the same ids: what is merged is stored, and nothing changes the second time.
  fileprivate func expectMerges<Record: ArchiveRecord>(_ records: [(here: Record, there: Record, merged: Record)]) async throws {
    _ = try await store.write(records.map(\.here))
    for updated in [records.count { $0.merged != $0.here }, 0] {
      let outcome = try await store.write(records.map(\.there))
      #expect(outcome.added == 0 && outcome.updated == updated)
    }
    #expect(try await archived(Record.self) == records.map(\.merged))
  }
}

extension ArchivedMessage {
  fileprivate init(_ id: String, _ content: String = "x", readAt: String? = nil, key: String? = nil) {
    self.init()
    self.id = ArchivedText(id)
    (sender, recipient, self.content) = (ArchivedText("cowork"), ArchivedText("code"), ArchivedText(content))
    createdAt = ArchivedText("2026-01-31T12:00:00.000Z")
    (read, self.readAt, idempotencyKey) = (readAt == nil ? 0 : 1, readAt, key)
  }
}

extension ArchivedTask {
  fileprivate init(_ id: String, _ status: String, changed: String = "2026-01-31T12:00:00.000Z", result: String? = nil, key: String? = nil)
  {
    self.init()
    self.id = ArchivedText(id)
    (sender, recipient, title) = (ArchivedText("cowork"), ArchivedText("code"), ArchivedText("t"))
    (self.status, self.result) = (ArchivedText(status), result.map { ArchivedText($0) })
    (createdAt, updatedAt) = (ArchivedText("2026-01-31T12:00:00.000Z"), ArchivedText(changed))
    idempotencyKey = key
  }

  fileprivate func with(_ change: (inout ArchivedTask) -> Void) -> ArchivedTask {
    var task = self
    change(&task)
    return task
  }
}

extension ArchivedEvent {
  fileprivate init(_ at: String, _ note: String) {
    self.init()
    self.at = "2026-01-31T\(at):00.000Z"
    (actor, instance, to, self.note) = ("code", "i", "pending", note)
  }
}

extension StoreSuite {
  static let archive = area("archive") {
    StoreCase("what is read out and written into an empty store is the same, and writing it again changes nothing") { bench in
      try await bench.store.addAgent(Identity("reviewer"))
      for (index, text) in OddTexts.all.enumerated() {
        _ = try await bench.store.send(
          NewMessage(sender: .cowork, recipient: .code, content: text, idempotencyKey: "k\(index)"))
      }
      try await bench.harness.executeByHand(
        "UPDATE message_details SET reply_to = 'r' || idempotency_key; UPDATE message_details SET task_id = 't' WHERE idempotency_key <> 'k0'"
      )
      try await bench.store.confirm(bench.lease(limit: 3))
      try await bench.harness.executeByHand("INSERT INTO messages (id, recipient, read) VALUES ('bare', 'code', NULL)")
      let task = try await bench.createTask()
      try await bench.move(task, to: .inProgress)
      try await bench.move(try await bench.createTask("Other"), to: .failed, result: "no")
      _ = try await bench.createTask("Third")
      let (messages, tasks) = (try await bench.archived(ArchivedMessage.self), try await bench.archived(ArchivedTask.self))
      let agents = try await bench.store.archivedAgents()
      #expect(messages.filter(\.isRead).count == 3 && tasks.map(\.events.count) == [2, 2, 1] && agents.map(\.name).contains("reviewer"))
      try await bench.wipe()
      for round in [1, 2] {
        let outcomes = [
          try await bench.store.write(messages), try await bench.store.write(tasks), try await bench.store.write(agents),
        ]
        #expect(outcomes.map(\.added) == (round == 1 ? [messages.count, tasks.count, agents.count] : [0, 0, 0]))
        #expect(outcomes.allSatisfy { $0.updated == 0 && $0.keysTaken == 0 })
        #expect(try await bench.archived(ArchivedMessage.self) == messages)
        #expect(try await bench.archived(ArchivedTask.self) == tasks)
        #expect(try await bench.store.archivedAgents() == agents)
      }
      let other = Instance(agent: .code)
      #expect(await refusal { try await bench.move(task, to: .inProgress, as: other) }?.code == .alreadyClaimed)
      let again = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: " ", idempotencyKey: "k0"))
      #expect(again.duplicate)
    }
    StoreCase("pages follow each other in the order of insertion") { bench in
      for number in 1...5 { try await bench.send("\(number)") }
      let paged = try await bench.archived(ArchivedMessage.self, by: 2)
      #expect(paged.map { $0.content?.portable } == ["1", "2", "3", "4", "5"])
      let messages = try await bench.archived(ArchivedMessage.self)
      try await bench.wipe()
      _ = try await bench.store.write(messages)
      #expect(try await bench.unread() == ["1", "2", "3", "4", "5"])
      #expect(try await bench.store.archiveTotals().messages == 5)
    }
    StoreCase("what is under a lease is unread elsewhere, and marked") { bench in
      let task = try await bench.createTask()
      try await bench.send("on its way")
      _ = try await bench.take(tasks: true)
      let (messages, tasks) = (try await bench.archived(ArchivedMessage.self), try await bench.archived(ArchivedTask.self))
      #expect(messages.map(\.isRead) == [false] && messages.map(\.redelivered) == [true])
      #expect(tasks.map(\.assigneeNews) == [true])
      #expect(try await bench.store.counterparts(of: messages).values.map(\.isRead) == [true])
      try await bench.wipe()
      _ = try await bench.store.write(messages)
      _ = try await bench.store.write(tasks)
      let delivery = try await bench.take(tasks: true)
      #expect(delivery.messages.map(\.redelivered) == [true] && delivery.tasks.map(\.id) == [task])
    }
    StoreCase("rows without an id get one that is the same each time") { bench in
      let sql = "INSERT INTO messages (sender, recipient, content, read) VALUES ('cowork', 'code', 'same', 0)"
      for _ in 1...2 { try await bench.harness.executeByHand(sql) }
      try await bench.harness.executeByHand("INSERT INTO tasks (sender, recipient, title) VALUES ('cowork', 'code', 'nameless')")
      let (messages, tasks) = (try await bench.archived(ArchivedMessage.self), try await bench.archived(ArchivedTask.self))
      #expect(Set(messages.map(\.key)).count == 2)
      #expect(try await bench.archived(ArchivedMessage.self) == messages)
      // Into their own store and into another, twice each.
      for _ in 1...2 {
        #expect(try await [bench.store.write(messages).added, bench.store.write(tasks).added] == [0, 0])
      }
      var read = messages[1]
      read.read = 1
      #expect(try await bench.store.write([read]).updated == 1)
      #expect(try await bench.archived(ArchivedMessage.self).map(\.isRead) == [false, true])
      try await bench.wipe()
      for added in [[2, 1], [0, 0]] {
        #expect(try await [bench.store.write(messages).added, bench.store.write(tasks).added] == added)
      }
    }
    StoreCase("read wins over unread, ids differ by their case, and a different record under the same id is not changed") { bench in
      let readAt = "2026-02-01T00:00:00.000Z"
      var uncertain = ArchivedMessage("arrived")
      uncertain.giveBack()
      let (arrived, read) = (ArchivedMessage("arrived", readAt: readAt), ArchivedMessage("read", readAt: readAt))
      let (kept, mine) = (ArchivedMessage("kept", readAt: readAt), ArchivedMessage("different", "mine"))
      let (upper, lower) = (ArchivedMessage("ABC"), ArchivedMessage("abc"))
      try await bench.expectMerges([
        (uncertain, arrived, arrived), (ArchivedMessage("read"), read, read), (kept, ArchivedMessage("kept"), kept),
        (mine, ArchivedMessage("different", "theirs", readAt: readAt), mine), (upper, upper, upper), (lower, lower, lower),
      ])
    }
    StoreCase("ended wins over open, the later change over the earlier, and histories and claims are merged") { bench in
      func begun(_ id: String) -> ArchivedTask { ArchivedTask(id, "in_progress", changed: "2026-02-02T00:00:00.000Z") }
      let ended = ArchivedTask("ended", "completed", changed: "2026-02-01T00:00:00.000Z", result: "done")
      let later = ArchivedTask("later", "in_progress", changed: "2026-02-03 00:00:00", result: "later")
      let final = ArchivedTask("final", "completed")
      let pending = ArchivedTask("history", "pending")
      let (both, here) = (ArchivedEvent("12:00", "both"), ArchivedEvent("12:02", "here"))
      let (there, last) = (ArchivedEvent("12:01", "there"), ArchivedEvent("12:03", "there"))
      let history = begun("history").with { $0.events = [both, there, last] }
      func claimed(_ id: String, until time: String = "2999-01-01T00:00:00.000Z") -> ArchivedTask {
        begun(id).with { ($0.holder, $0.holderProcess, $0.heldUntil) = ("code@there", "s|1|2", time) }
      }
      let other = ArchivedTask("other", "pending")
      try await bench.expectMerges([
        (begun("ended"), ended, ended), (begun("earlier"), ArchivedTask("earlier", "pending"), begun("earlier")),
        (begun("later"), later, later), (begun("same"), ArchivedTask("same", "in_progress"), begun("same")),
        (final, ArchivedTask("final", "failed", changed: "2026-03-01T00:00:00.000Z"), final),
        (pending.with { $0.events = [both, here] }, history, history.with { $0.events = [both, there, here, last] }),
        // Who has looked has looked.
        (begun("claimed").with { $0.creatorNews = true }, claimed("claimed"), claimed("claimed")),
        // The claim of a dead holder is not restored.
        (claimed("released"), claimed("released", until: ""), claimed("released", until: "")),
        (claimed("gone", until: ""), claimed("gone"), claimed("gone", until: "")),
        (other, ArchivedTask("other", "completed").with { $0.title = ArchivedText("another") }, other),
      ])
    }
    StoreCase("a key that is taken stays with whom it has") { bench in
      _ = try await bench.store.write([ArchivedMessage("one", key: "k")])
      let outcome = try await bench.store.write([ArchivedMessage("two", key: "k"), ArchivedMessage("three", key: "k")])
      #expect(outcome.added == 2 && outcome.keysTaken == 2)
      #expect(try await bench.archived(ArchivedMessage.self).map(\.idempotencyKey) == ["k", nil, nil])
      #expect(try await bench.store.write(["t", "u"].map { ArchivedTask($0, "pending", key: "k") }).keysTaken == 1)
    }
    StoreCase("a message to everybody keeps its key for each recipient") { bench in
      for readAt in [nil, "2026-02-01T12:00:00.000Z"] {
        let messages = ["code", "third"].map { name in
          var message = ArchivedMessage(name, readAt: readAt, key: "k")
          message.recipient = ArchivedText(name)
          return message
        }
        let outcome = try await bench.store.write(messages)
        let keys = try await bench.archived(ArchivedMessage.self).map(\.idempotencyKey)
        #expect(outcome.keysTaken == 0 && keys == ["k", "k"])
      }
    }
    StoreCase("unread mail and news that are written wake their recipient") { bench in
      let another = try await bench.another()
      let wakeUps = bench.store.wakeUps(for: .code, .waiting)
      _ = try await bench.unread()
      _ = try await another.write([ArchivedMessage("m", "hello")])
      #expect(try await Hints.until(wakeUps) { try await bench.unread().first } == "hello")
    }
    StoreCase("a store knows itself by any of its connections") { bench in
      let another = try await bench.another()
      #expect(try await bench.store.archiveIdentity() == (try await another.archiveIdentity()))
      #expect(try await bench.store.exists())
    }
  }
}
