import Bridge
import Testing

extension StoreBench {
  /// Inserts a task as a person would.
  fileprivate func insertTask(_ id: String, _ title: String, from sender: String = "cowork", to recipient: String = "code") async throws {
    try await harness.executeByHand(
      "INSERT INTO tasks (id, sender, recipient, title, description, status) VALUES ('\(id)', '\(sender)', '\(recipient)', '\(title)', '', 'pending')"
    )
  }

  /// Sends from `code` to `cowork`, and returns what it refers to.
  fileprivate func references(replyTo: String? = nil, taskID: String? = nil) async throws -> [String?] {
    let receipt = try await store.send(NewMessage(sender: .code, recipient: .cowork, content: "answer", replyTo: replyTo, taskID: taskID))
    let message = try await store.message(receipt.messageID, for: .cowork)
    return [message?.replyTo, message?.taskID]
  }
}

extension StoreSuite {
  static let shortIDs = area("short ids") {
    StoreCase("8 characters of an id, in any case, stand for it wherever one is taken") { bench in
      let message = "3f0c12AB-aaaa-4aaa-8aaa-aaaaaaaaaaaa".lowercased()
      let upper = "3F0C99AB-AAAA-4AAA-8AAA-AAAAAAAAAAAA"
      let task = "3f0c12ab-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
      try await bench.insert(message, "first")
      try await bench.insert(upper, "second")
      try await bench.insertTask(task, "Look")
      for (given, id) in [("3f0c12ab", message), ("3F0C12AB-a", message), ("3f0c99ab-aaaa", upper), ("3F0C99AB", upper), (upper, upper)] {
        #expect(try await bench.store.message(given, for: .code)?.id == id, "\(given)")
        #expect(try await bench.references(replyTo: given) == [id, nil], "\(given)")
      }
      #expect(try await past(bench, before: "3f0c99ab") == ["first"])
      #expect(try await bench.references(taskID: "3F0C12ab") == [nil, task])
      #expect(try await past(bench, task: "3f0c12ab-b") == ["answer"])
      #expect(try await bench.task("3f0c12ab").task.id == task)
      #expect(try await bench.task("3F0C12AB-B", for: .cowork).task.id == task)
      #expect(try await bench.move("3f0c12ab", to: .inProgress).id == task)
      #expect(try await bench.store.message("3f0c12a", for: .code) == nil)
      #expect(await refusal { try await bench.task("3f0c12a") }?.code == .notFound)
      #expect(await refusal { try await past(bench, before: "3f0c99a") }?.code == .invalidValue)
    }
    StoreCase("the very id wins, then one in another case, also if others begin so") { bench in
      for id in ["release-1", "release-10", "release-11", "Release-12"] {
        try await bench.insert(id)
        try await bench.insertTask(id, id)
      }
      for (given, id) in [
        ("release-1", "release-1"), ("RELEASE-1", "release-1"), ("release-12", "Release-12"), ("release-10", "release-10"),
      ] {
        #expect(try await bench.store.message(given, for: .code)?.id == id)
        #expect(try await bench.task(given).task.id == id)
        #expect(try await bench.references(replyTo: given, taskID: given) == [id, id])
      }
      try await bench.insert("2026-01-31 noon", at: "'2026-01-31T12:00:00Z'")
      #expect(try await past(bench, before: "2026-01-31").isEmpty)
      #expect(try await past(bench, before: "2026-01-31 noon").contains("release-1"))
    }
    StoreCase("the beginning of several ids is refused with those that there are") { bench in
      for number in 10...12 {
        try await bench.insert("abcdef12-\(number)", at: "'2026-01-31T12:00:\(number)Z'")
        try await bench.insertTask("abcdef12-\(number)", "Title \(number)")
      }
      let ofMessages = [
        await refusal { try await bench.store.message("abcdef12", for: .code) },
        await refusal { try await past(bench, before: "ABCDEF12-") },
        await refusal { try await bench.references(replyTo: "abcdef12-1") },
      ]
      for error in ofMessages {
        #expect(error?.code == .ambiguous)
        for number in 10...12 {
          let listed = "“abcdef12-\(number)” (“cowork, 2026-01-31T12:00:\(number)Z”)"
          #expect(error?.message.contains(listed) == true, "\(error?.message ?? "")")
        }
      }
      let ofTasks = [
        await refusal { try await bench.task("abcdef12") }, await refusal { try await bench.move("abcdef12", to: .inProgress) },
        await refusal { try await bench.references(taskID: "abcdef12") }, await refusal { try await past(bench, task: "abcdef12") },
      ]
      for error in ofTasks {
        #expect(error?.code == .ambiguous && error?.message.contains("task_id") == true)
        for number in 10...12 {
          #expect(error?.message.contains("“abcdef12-\(number)” (“Title \(number)”)") == true, "\(error?.message ?? "")")
        }
      }
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages WHERE content = 'answer'") == "0")
      for number in 13...22 { try await bench.insertTask("abcdef12-\(number)", "Title \(number)") }
      let many = await refusal { try await bench.task("abcdef12") }?.message ?? ""
      #expect(many.split(separator: "(“Title").count == 11 && many.hasSuffix(", and others."), "\(many)")
    }
    StoreCase("only the agent's own messages and tasks are found and listed") { bench in
      try await bench.store.addAgent(Identity("other"))
      for (number, sides) in [("cowork", "other"), ("other", "cowork"), ("cowork", "code"), ("code", "other")].enumerated() {
        try await bench.insert("abcdef12-m\(number)", from: sides.0, to: sides.1)
        try await bench.insertTask("abcdef12-t\(number)", "T", from: sides.0, to: sides.1)
      }
      let error = await refusal { try await bench.store.message("abcdef12", for: .code) }
      for (number, isListed) in [false, false, true, true].enumerated() {
        #expect(error?.message.contains("abcdef12-m\(number)") == isListed)
      }
      try await bench.harness.executeByHand("DELETE FROM messages WHERE id = 'abcdef12-m3'; DELETE FROM tasks WHERE id = 'abcdef12-t3'")
      #expect(try await bench.references(replyTo: "abcdef12", taskID: "abcdef12") == ["abcdef12-m2", "abcdef12-t2"])
      for id in ["abcdef12-m0", "abcdef12-m1", "ABCDEF12-M1"] {
        #expect(await refusal { try await bench.references(replyTo: id) }?.code == .notFound)
        #expect(await refusal { try await past(bench, before: id) }?.code == .invalidValue)
        #expect(try await bench.store.message(id, for: .code) == nil)
      }
      #expect(await refusal { try await bench.references(taskID: "abcdef12-t0") }?.code == .notFound)
    }
    StoreCase("a message that answers or is about nothing of the sender's is refused with what to do") { bench in
      for id in [UniqueID.make(), "gone", "~", "'; DROP TABLE messages; --", "%", "🙂🙂🙂🙂🙂🙂🙂🙂🙂", String(repeating: "\u{1}\\\"", count: 60)] {
        let answer = await refusal { try await bench.references(replyTo: id) }
        #expect(
          answer?.code == .notFound && answer?.message.contains("reply_to") == true && answer?.message.contains("read_messages") == true)
        let about = await refusal { try await bench.references(taskID: id) }
        #expect(about?.code == .notFound && about?.message.contains("task_id") == true && about?.message.contains("get_tasks") == true)
      }
      let sent = try await bench.valueByHand("SELECT COUNT(*) FROM messages")
      #expect(sent == "0")
    }
    StoreCase("a repeated key or id stays a duplicate when what it answers was removed meanwhile") { bench in
      try await bench.insert("question", to: "cowork")
      try await bench.insertTask("job", "Job")
      let answer = NewMessage(sender: .cowork, recipient: .code, content: "a", replyTo: "question", taskID: "job", idempotencyKey: "k")
      #expect(try await !bench.store.send(answer).duplicate)
      try await bench.harness.executeByHand("DELETE FROM messages WHERE id = 'question'; DELETE FROM tasks WHERE id = 'job'")
      var again = answer
      for id in [answer.id, UniqueID.make()] {
        again.id = id
        let receipt = try await bench.store.send(again)
        #expect(receipt.duplicate && receipt.messageID == answer.id)
      }
      // What is about a task that is gone is found by its whole id.
      #expect(try await past(bench, task: "job") == ["a"])
    }
  }
}
