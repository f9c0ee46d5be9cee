import Bridge
import Testing

extension StoreSuite {
  static let messages = area("messages") {
    StoreCase("a message is read by its recipient with all that was sent") { bench in
      let question = try await bench.store.send(NewMessage(sender: .code, recipient: .cowork, content: "Done?")).messageID
      let sent = NewMessage(
        sender: .cowork, recipient: .code, content: "Have a look", replyTo: question, taskID: try await bench.createTask(),
        idempotencyKey: "k")
      let receipt = try await bench.store.send(sent)
      #expect(receipt.messageID == sent.id && receipt.recipient == .code && !receipt.duplicate)
      // RFC 3339 in UTC with milliseconds.
      let time = #/20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z/#
      #expect(try time.wholeMatch(in: receipt.createdAt) != nil, "\(receipt.createdAt)")
      let message = try #require(try await bench.take().messages.first)
      #expect(message.id == sent.id && message.sender == "cowork" && message.recipient == "code" && message.content == "Have a look")
      #expect(message.replyTo == sent.replyTo && message.taskID == sent.taskID && message.createdAt == receipt.createdAt)
      #expect(!message.redelivered)
    }
    StoreCase("every kind of text comes back unchanged") { bench in
      for text in OddTexts.all { try await bench.send(text) }
      #expect(try await bench.take(limit: 200).contents == OddTexts.all)
    }
    StoreCase("a content of 256 KiB is delivered whole and alone") { bench in
      let large = String(repeating: "0123456789abcdef", count: Limits.textBytes / 16)
      for content in ["before", large, "after"] { try await bench.send(content) }
      for (content, remaining) in [("before", 2), (large, 1), ("after", 0)] {
        let delivery = try await bench.take()
        #expect(delivery.contents == [content] && delivery.remaining == remaining)
      }
    }
    StoreCase("what does not fit into a reply, or exceeds a limit, stays unread and is counted") { bench in
      for number in 1...3 { try await bench.send("\(number) " + String(repeating: "x", count: 400)) }
      let request = TakeRequest(agent: .code, characters: 1_500, instance: bench.code)
      let delivery = try await bench.store.take(request)
      #expect(delivery.messages.count == 2 && delivery.remaining == 1)
      #expect(try await bench.store.take(request).contents.map { $0.prefix(1) } == ["3"])
      for number in 1...5 { try await bench.send("\(number)") }
      let limited = try await bench.take(limit: 2)
      #expect(limited.contents == ["1", "2"] && limited.remaining == 3)
      #expect(try await bench.take().contents == ["3", "4", "5"])
    }
    StoreCase("counts of what waits end at 1,000, but for the overview's") { bench in
      let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1300) SELECT"
      try await bench.harness.executeByHand(
        "INSERT INTO messages (id, sender, recipient, content) \(numbers) 'm' || i, 'cowork', 'code', 'text' FROM n")
      try await bench.harness.executeByHand(
        "INSERT INTO tasks (id, sender, recipient, title, status) \(numbers) 't' || i, 'cowork', 'code', 'title', 'pending' FROM n")
      for left in [1_250, 1_200] {
        #expect(try await bench.take().remaining == Limits.countLimit, "\(left) are left")
      }
      let counts = try await bench.store.unreadCounts(for: .code)
      #expect(counts.messages == Limits.countLimit && counts.tasks == Limits.countLimit)
      #expect(try await bench.store.tasks(TaskQuery(agent: .code, limit: 50)).remaining == Limits.countLimit)
      let summary = try await bench.store.agents().first
      #expect(summary?.unreadMessages == Limits.countLimit && summary?.openTasks == Limits.countLimit)
      let overview = try await bench.store.overview()
      #expect(overview.unread.map(\.count) == [1_200] && overview.agents.first?.unreadMessages == 1_200 && overview.openTasks == 1_300)
      for number in stride(from: 1_150, through: 900, by: -50) {
        #expect(try await bench.take().remaining == min(number, Limits.countLimit))
      }
    }
    StoreCase("nobody else receives a message, and an agent may write to itself") { bench in
      try await bench.store.heartbeat(Instance(agent: Identity("other")))
      try await bench.send("for code")
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: .code, content: "note"))
      for agent in [Identity.cowork, try Identity("other")] {
        #expect(try await bench.store.take(TakeRequest(agent: agent, instance: Instance(agent: agent))).isEmpty)
      }
      #expect(try await bench.take().contents == ["for code", "note"])
    }
    StoreCase("code and cowork always exist, and an unknown recipient is refused with the known names and the nearest") { bench in
      for agent in Identity.wellKnown { _ = try await bench.store.send(NewMessage(sender: .code, recipient: agent, content: "first")) }
      try await bench.store.addAgent(Identity("reviewer"))
      let message = try NewMessage(sender: .code, recipient: Identity("reviever"), content: "lost?")
      let error = await refusal { try await bench.store.send(message) }
      #expect(error?.code == .unknownRecipient)
      for word in ["\"reviever\"", "code", "cowork", "\"reviewer\""] { #expect(error?.message.contains(word) == true, "\(word)") }
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "2")
    }
    StoreCase("looking takes nothing") { bench in
      try await bench.send("still there")
      for _ in 1...2 {
        let looked = try await bench.store.take(TakeRequest(agent: .code, includesTasks: true, instance: nil))
        #expect(looked.contents == ["still there"] && looked.lease == nil)
      }
      #expect(try await bench.take().contents == ["still there"])
    }
    StoreCase("messages of one sender only are taken on request") { bench in
      try await bench.send("from cowork")
      _ = try await bench.store.send(NewMessage(sender: .code, recipient: .code, content: "from code"))
      let delivery = try await bench.store.take(TakeRequest(agent: .code, sender: "code", instance: bench.code))
      #expect(delivery.contents == ["from code"] && delivery.remaining == 0)
      #expect(try await bench.take().contents == ["from cowork"])
    }
    StoreCase("a message is shown to its two sides only, its id in any case") { bench in
      let id = try await bench.send("between two").messageID
      #expect(try await bench.store.message(id, for: .code)?.content == "between two")
      #expect(try await bench.store.message(id.uppercased(), for: .cowork)?.content == "between two")
      #expect(try await bench.store.message(id, for: Identity("other")) == nil)
      #expect(try await bench.store.message(UniqueID.make(), for: .code) == nil)
    }
    StoreCase("a sender sees when its message was read, and not before the reply was delivered") { bench in
      let id = try await bench.send("read me").messageID
      #expect(try await bench.store.message(id, for: .cowork)?.isRead == false)
      let lease = try await bench.lease()
      #expect(try await bench.store.message(id, for: .cowork)?.readAt == nil)
      try await bench.store.confirm(lease)
      let message = try await bench.store.message(id, for: .cowork)
      #expect(message?.isRead == true && message?.readAt != nil)
    }
    StoreCase("unread messages are counted") { bench in
      #expect(try await bench.store.unreadCounts(for: .code).isEmpty)
      for content in ["one", "two"] { try await bench.send(content) }
      #expect(try await bench.store.unreadCounts(for: .code) == UnreadCounts(messages: 2))
      _ = try await bench.take(limit: 1)
      #expect(try await bench.store.unreadCounts(for: .code) == UnreadCounts(messages: 1))
    }
    StoreCase("receipts count what waits for the sender") { bench in
      try await bench.send("waits for code")
      let sent = try await bench.store.send(NewMessage(sender: .code, recipient: .cowork, content: "waits for cowork"))
      #expect(sent.unread == UnreadCounts(messages: 1))
      let created = try await bench.store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "d"))
      #expect(created.unread == UnreadCounts(messages: 1))
      _ = try await bench.take()
      let answered = try await bench.store.send(NewMessage(sender: .code, recipient: .cowork, content: "more"))
      #expect(answered.unread == UnreadCounts(tasks: 1))
    }
  }
}
