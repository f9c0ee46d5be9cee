import Bridge
import Testing

extension StoreSuite {
  static let idempotency = area("idempotency") {
    StoreCase("a message whose id or key was written before is not sent again, and stays read") { bench in
      let plain = NewMessage(sender: .cowork, recipient: .code, content: "plain")
      for isRepeated in [false, true] { #expect(try await bench.store.send(plain).duplicate == isRepeated) }
      let message = NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k")
      let first = try await bench.store.send(message)
      var repeated = message
      for _ in 1...2 {
        let second = try await bench.another().send(repeated)
        #expect(second.duplicate && second.messageID == first.messageID && second.createdAt == first.createdAt)
        repeated.id = UniqueID.make()
      }
      let delivery = try await bench.take()
      #expect(delivery.contents == ["plain", "once"])
      try await bench.store.confirm(#require(delivery.lease))
      #expect(try await bench.store.send(message).duplicate)
      #expect(try await bench.take().isEmpty)
    }
    StoreCase("a key that was used for another message is refused") { bench in
      _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "one", idempotencyKey: "k"))
      let other = NewMessage(sender: .cowork, recipient: .code, content: "two", idempotencyKey: "k")
      let error = await refusal { try await bench.store.send(other) }
      #expect(error?.code == .keyReused && error?.message.contains("\"k\"") == true)
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "1")
    }
    StoreCase("a key is unique for each recipient") { bench in
      for recipient in [Identity.code, .cowork, .code, .cowork] {
        _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: recipient, content: "for \(recipient)", idempotencyKey: "k"))
      }
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "2")
    }
    StoreCase("a key whose message or task was removed by hand is free again") { bench in
      for content in ["one", "two", "three"] {
        let message = NewMessage(sender: .cowork, recipient: .code, content: content, idempotencyKey: "k")
        #expect(try await !bench.store.send(message).duplicate)
        #expect(try await bench.store.send(message).duplicate)
        try await bench.harness.executeByHand("DELETE FROM messages")
        let task = NewTask(sender: .cowork, recipient: .code, title: content, description: "", idempotencyKey: "k")
        #expect(try await bench.store.createTask(task).taskID == task.id)
        var repeated = task
        repeated.id = UniqueID.make()
        #expect(try await bench.store.createTask(repeated).taskID == task.id)
        try await bench.harness.executeByHand("DELETE FROM tasks")
      }
      // The same id as well.
      let message = NewMessage(sender: .cowork, recipient: .code, content: "same", idempotencyKey: "k")
      let task = NewTask(sender: .cowork, recipient: .code, title: "same", description: "", idempotencyKey: "k")
      for _ in 1...2 {
        #expect(try await !bench.store.send(message).duplicate)
        #expect(try await bench.store.createTask(task).taskID == task.id)
        try await bench.harness.executeByHand("DELETE FROM messages; DELETE FROM tasks")
      }
    }
    StoreCase("keys of different senders, and of messages and tasks, are apart") { bench in
      for (sender, content) in [(Identity.cowork, "a"), (.code, "b")] {
        let message = NewMessage(sender: sender, recipient: .code, content: content, idempotencyKey: "k")
        #expect(try await !bench.store.send(message).duplicate)
      }
      _ = try await bench.store.createTask(
        NewTask(sender: .cowork, recipient: .code, title: "c", description: "", idempotencyKey: "k"))
      let delivery = try await bench.take(tasks: true)
      #expect(delivery.contents == ["a", "b"] && delivery.tasks.map(\.title) == ["c"])
    }
    StoreCase("one key from many processes at once sends one message") { bench in
      let stores = [bench.store, try await bench.another(), try await bench.another()]
      let ids = try await bench.atOnce(12) { number in
        try await stores[number % 3].send(NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k")).messageID
      }
      #expect(Set(ids).count == 1)
      #expect(try await bench.take().contents == ["once"])
    }
    StoreCase("a task whose id or key was written before is not created again, and the receipt says where it stands now") { bench in
      let task = NewTask(sender: .cowork, recipient: .code, title: "Once", description: "d", idempotencyKey: "k")
      let first = try await bench.store.createTask(task)
      var repeated = task
      for _ in 1...2 {
        let second = try await bench.another().createTask(repeated)
        #expect(second.taskID == first.taskID && second.createdAt == first.createdAt)
        repeated.id = UniqueID.make()
      }
      try await bench.move(first.taskID, to: .completed)
      #expect(try await bench.store.createTask(task).status == "completed")
      #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.count == 1)
      #expect(try await bench.task(first.taskID).history.count == 2)
    }
    StoreCase("a key that was used for another task is refused") { bench in
      let task = NewTask(sender: .cowork, recipient: .code, title: "One", description: "d", idempotencyKey: "k")
      _ = try await bench.store.createTask(task)
      for (title, description, recipient) in [("Two", "d", Identity.code), ("One", "e", .code), ("One", "d", .cowork)] {
        let other = NewTask(sender: .cowork, recipient: recipient, title: title, description: description, idempotencyKey: "k")
        #expect(await refusal { try await bench.store.createTask(other) }?.code == .keyReused)
      }
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM tasks") == "1")
    }
  }
}
