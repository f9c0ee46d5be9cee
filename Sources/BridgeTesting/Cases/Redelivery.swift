import Bridge
import Testing

extension StoreSuite {
  static let redelivery = area("redelivery") {
    StoreCase("what was taken under a lease that expired comes back, marked") { bench in
      let task = try await bench.createTask()
      for content in ["1", "2"] { try await bench.send(content) }
      let lost = try await bench.take(tasks: true, from: bench.forgetful())
      #expect(lost.contents == ["1", "2"] && lost.tasks.map(\.id) == [task])
      for count in [1, 0] { #expect(try await bench.store.recoverExpired() == count) }
      let again = try await bench.take(tasks: true)
      #expect(again.contents == ["1", "2"] && again.messages.allSatisfy(\.redelivered) && again.tasks.map(\.id) == [task])
    }
    StoreCase("looking and taking recover what has expired by themselves") { bench in
      try await bench.send("left behind")
      _ = try await bench.take(from: bench.forgetful())
      #expect(try await bench.unread() == ["left behind"])
      _ = try await bench.take(from: bench.forgetful())
      #expect(try await bench.take().messages.map(\.redelivered) == [true])
    }
    StoreCase("what a dead process took comes back before its lease expires, and what one elsewhere took does not") { bench in
      for (process, count) in [(ProcessIdentity.dead, 1), (.elsewhere, 0)] {
        try await bench.send("survivor")
        let instance = Instance(agent: .code, process: process)
        #expect(try await bench.store.take(TakeRequest(agent: .code, instance: instance)).contents == ["survivor"])
        #expect(try await bench.store.recoverExpired() == count)
        #expect(try await bench.take().messages.map(\.redelivered) == Array(repeating: true, count: count))
      }
    }
    StoreCase("a lease whose end is too far ahead hides nothing: the clock was set back") { bench in
      let task = try await bench.createTask()
      try await bench.send("hidden")
      let elsewhere = Instance(agent: .code, process: .elsewhere)
      for _ in 1...2 {
        let lost = try await bench.store.take(TakeRequest(agent: .code, includesTasks: true, instance: elsewhere))
        #expect(lost.contents == ["hidden"] && lost.tasks.map(\.id) == [task])
        #expect(try await bench.store.recoverExpired() == 0)
        try await bench.harness.executeByHand("UPDATE leases SET expires_at = '2999-01-01T00:00:00.000Z'")
        #expect(try await bench.unread() == ["hidden"])
      }
      let again = try await bench.take(tasks: true)
      #expect(again.messages.map(\.redelivered) == [true] && again.tasks.map(\.id) == [task])
    }
    StoreCase("confirming too late does not take the message from its next reader") { bench in
      let id = try await bench.send("twice").messageID
      let late = try await bench.lease(from: bench.forgetful())
      let second = try await bench.lease()
      try await bench.store.confirm(late)
      #expect(try await bench.store.message(id, for: .cowork)?.readAt == nil)
      try await bench.store.undo(second)
      #expect(try await bench.unread() == ["twice"])
    }
    StoreCase("undoing too late gives nothing back a second time, and a redelivered message is read once confirmed") { bench in
      let id = try await bench.send("twice").messageID
      let late = try await bench.lease(from: bench.forgetful())
      let second = try await bench.lease()
      try await bench.store.undo(late)
      #expect(try await bench.unread().isEmpty)
      try await bench.store.confirm(second)
      #expect(try await bench.store.recoverExpired() == 0)
      #expect(try await bench.unread().isEmpty)
      let message = try #require(try await bench.store.message(id, for: .cowork))
      #expect(message.isRead && message.readAt != nil && message.redelivered)
    }
    StoreCase("two processes that recover at once give each lease back once") { bench in
      for number in 1...6 { try await bench.send("\(number)") }
      _ = try await bench.take(from: bench.forgetful())
      let stores = [bench.store, try await bench.another(), try await bench.another()]
      #expect(try await bench.atOnce(3) { try await stores[$0].recoverExpired() }.reduce(0, +) == 1)
      #expect(try await bench.unread().count == 6)
    }
    StoreCase("details of a message survive its redelivery") { bench in
      let task = try await bench.createTask()
      try await bench.insert("earlier", read: "1")
      _ = try await bench.store.send(
        NewMessage(sender: .cowork, recipient: .code, content: "about it", replyTo: "earlier", taskID: task, idempotencyKey: "key"))
      _ = try await bench.take(from: bench.forgetful())
      let message = try #require(try await bench.take().messages.first)
      #expect(message.replyTo == "earlier" && message.taskID == task && message.redelivered)
      let again = NewMessage(sender: .cowork, recipient: .code, content: "about it", idempotencyKey: "key")
      #expect(try await bench.store.send(again).duplicate)
    }
  }
}
