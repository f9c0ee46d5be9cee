import Bridge
import Testing

extension StoreSuite {
  static let redelivery = area(
    "redelivery",
    [
      StoreCase("what was taken under a lease that expired comes back, marked") { bench in
        try await bench.send("1")
        try await bench.send("2")
        #expect(try await bench.take(from: bench.forgetful()).contents == ["1", "2"])
        #expect(try await bench.store.recoverExpired() == 1)
        #expect(try await bench.store.recoverExpired() == 0)
        let messages = try await bench.take().messages
        #expect(messages.map(\.content) == ["1", "2"] && messages.allSatisfy(\.redelivered))
      },
      StoreCase("taking recovers what has expired by itself") { bench in
        try await bench.send("left behind")
        _ = try await bench.take(from: bench.forgetful())
        let message = try #require(try await bench.take().messages.first)
        #expect(message.content == "left behind" && message.redelivered)
      },
      StoreCase("looking recovers what has expired as well") { bench in
        try await bench.send("left behind")
        _ = try await bench.take(from: bench.forgetful())
        #expect(try await bench.unread() == ["left behind"])
      },
      StoreCase("what a dead process took comes back before its lease expires") { bench in
        try await bench.send("survivor")
        let dead = Instance(agent: .code, process: .dead)
        #expect(try await bench.store.take(TakeRequest(agent: .code, instance: dead)).contents == ["survivor"])
        #expect(try await bench.store.recoverExpired() == 1)
        #expect(try await bench.take().messages.first?.redelivered == true)
      },
      StoreCase("a process elsewhere is not taken for dead") { bench in
        try await bench.send("theirs")
        let elsewhere = Instance(agent: .code, process: .elsewhere)
        #expect(try await bench.store.take(TakeRequest(agent: .code, instance: elsewhere)).contents == ["theirs"])
        #expect(try await bench.store.recoverExpired() == 0)
        #expect(try await bench.take().isEmpty)
      },
      StoreCase("confirming too late does not take the message from its next reader") { bench in
        let id = try await bench.send("twice").messageID
        let late = try #require(try await bench.take(from: bench.forgetful()).lease)
        let second = try #require(try await bench.take().lease)
        try await bench.store.confirm(late)
        #expect(try await bench.store.message(id, for: .cowork)?.readAt == nil)
        try await bench.store.undo(second)
        #expect(try await bench.unread() == ["twice"])
      },
      StoreCase("undoing too late gives nothing back a second time") { bench in
        try await bench.send("twice")
        let late = try #require(try await bench.take(from: bench.forgetful()).lease)
        let second = try #require(try await bench.take().lease)
        try await bench.store.undo(late)
        #expect(try await bench.unread().isEmpty)
        try await bench.store.confirm(second)
        #expect(try await bench.store.recoverExpired() == 0)
        #expect(try await bench.unread().isEmpty)
      },
      StoreCase("a redelivered message that is confirmed is read for good") { bench in
        let id = try await bench.send("in the end").messageID
        _ = try await bench.take(from: bench.forgetful())
        try await bench.store.confirm(#require(try await bench.take().lease))
        let message = try await bench.store.message(id, for: .cowork)
        #expect(message?.isRead == true && message?.readAt != nil && message?.redelivered == true)
        #expect(try await bench.unread().isEmpty)
      },
      StoreCase("two processes that recover at once give each lease back once") { bench in
        let forgetful = try await bench.forgetful()
        for number in 1...6 {
          try await bench.send("\(number)")
          // Two calls of `take` would recover the first lease.
          if number == 6 { _ = try await bench.take(from: forgetful) }
        }
        let stores = [bench.store, try await bench.another(), try await bench.another()]
        let recovered = try await withThrowingTaskGroup(of: Int.self) { group in
          for store in stores { group.addTask { try await store.recoverExpired() } }
          return try await group.reduce(0, +)
        }
        #expect(recovered == 1)
        #expect(try await bench.unread().count == 6)
      },
      StoreCase("details of a message survive its redelivery") { bench in
        let task = try await bench.createTask()
        _ = try await bench.store.send(
          NewMessage(sender: .cowork, recipient: .code, content: "about it", replyTo: "earlier", taskID: task, idempotencyKey: "key"))
        _ = try await bench.take(from: bench.forgetful())
        let message = try #require(try await bench.take().messages.first)
        #expect(message.replyTo == "earlier" && message.taskID == task && message.redelivered)
        let again = NewMessage(sender: .cowork, recipient: .code, content: "about it", idempotencyKey: "key")
        #expect(try await bench.store.send(again).duplicate)
      },
      StoreCase("news of tasks come back as well") { bench in
        let task = try await bench.createTask()
        #expect(try await bench.take(tasks: true, from: bench.forgetful()).tasks.map(\.id) == [task])
        #expect(try await bench.take(tasks: true).tasks.map(\.id) == [task])
      },
    ])
}
