import Bridge
import Testing

extension StoreSuite {
  static let idempotency = area(
    "idempotency",
    [
      StoreCase("a message whose id was written before is not sent again") { bench in
        let message = NewMessage(sender: .cowork, recipient: .code, content: "once")
        let first = try await bench.store.send(message)
        let second = try await bench.another().send(message)
        #expect(!first.duplicate && second.duplicate && second.messageID == first.messageID && second.createdAt == first.createdAt)
        #expect(try await bench.take().contents == ["once"])
      },
      StoreCase("a key that was used for the same message sends nothing and names the first") { bench in
        let first = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k"))
        let second = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k"))
        #expect(second.duplicate && second.messageID == first.messageID && second.createdAt == first.createdAt)
        #expect(try await bench.take().contents == ["once"])
      },
      StoreCase("repeating a message that was read does not make it unread") { bench in
        let message = NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k")
        _ = try await bench.store.send(message)
        try await bench.store.confirm(#require(try await bench.take().lease))
        #expect(try await bench.store.send(message).duplicate)
        #expect(try await bench.take().isEmpty)
      },
      StoreCase("a key that was used for another message is refused") { bench in
        _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "one", idempotencyKey: "k"))
        let content = NewMessage(sender: .cowork, recipient: .code, content: "two", idempotencyKey: "k")
        let recipient = NewMessage(sender: .cowork, recipient: .cowork, content: "one", idempotencyKey: "k")
        for other in [content, recipient] {
          let error = await refusal { try await bench.store.send(other) }
          #expect(error?.code == .keyReused && error?.message.contains("\"k\"") == true)
        }
        #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "1")
      },
      StoreCase("keys of different senders, and of messages and tasks, are apart") { bench in
        #expect(try await !bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "a", idempotencyKey: "k")).duplicate)
        #expect(try await !bench.store.send(NewMessage(sender: .code, recipient: .code, content: "b", idempotencyKey: "k")).duplicate)
        _ = try await bench.store.createTask(
          NewTask(sender: .cowork, recipient: .code, title: "c", description: "", idempotencyKey: "k"))
        let delivery = try await bench.take(tasks: true)
        #expect(delivery.contents == ["a", "b"] && delivery.tasks.map(\.title) == ["c"])
      },
      StoreCase("one key from many processes at once sends one message") { bench in
        let stores = [bench.store, try await bench.another(), try await bench.another()]
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
          for number in 0..<12 {
            group.addTask {
              let message = NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k")
              return try await stores[number % 3].send(message).messageID
            }
          }
          return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try await bench.take().contents == ["once"])
      },
      StoreCase("a task whose id or key was written before is not created again") { bench in
        let task = NewTask(sender: .cowork, recipient: .code, title: "Once", description: "d", idempotencyKey: "k")
        let first = try await bench.store.createTask(task)
        var repeated = task
        #expect(try await bench.store.createTask(repeated).taskID == first.taskID)
        repeated.id = UniqueID.make()
        let second = try await bench.another().createTask(repeated)
        #expect(second.taskID == first.taskID && second.createdAt == first.createdAt)
        #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.count == 1)
      },
      StoreCase("creating a task again says where it stands now") { bench in
        let task = NewTask(sender: .cowork, recipient: .code, title: "Once", description: "d", idempotencyKey: "k")
        let id = try await bench.store.createTask(task).taskID
        try await bench.move(id, to: .completed)
        #expect(try await bench.store.createTask(task).status == "completed")
        #expect(try await bench.store.task(id, for: .code, instance: nil).history.count == 2)
      },
      StoreCase("a key that was used for another task is refused") { bench in
        let task = NewTask(sender: .cowork, recipient: .code, title: "One", description: "d", idempotencyKey: "k")
        _ = try await bench.store.createTask(task)
        for (title, description, recipient) in [("Two", "d", Identity.code), ("One", "e", .code), ("One", "d", .cowork)] {
          let other = NewTask(sender: .cowork, recipient: recipient, title: title, description: description, idempotencyKey: "k")
          let error = await refusal { try await bench.store.createTask(other) }
          #expect(error?.code == .keyReused)
        }
        #expect(try await bench.valueByHand("SELECT COUNT(*) FROM tasks") == "1")
      },
    ])
}
