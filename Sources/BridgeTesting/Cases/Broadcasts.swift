import Bridge
import Testing

extension StoreBench {
  /// Sends from `cowork` to all.
  fileprivate func broadcast(_ content: String = "x", replyTo: String? = nil, key: String? = nil) async throws -> [SendReceipt] {
    let references = MessageReferences(replyTo: replyTo, idempotencyKey: key)
    return try await store.broadcast(Broadcast(sender: .cowork, content: content, references: references))
  }
}

extension StoreSuite {
  static let broadcasts = area("broadcasts") {
    StoreCase("every other known agent gets a message of its own, in the order of their names") { bench in
      for name in ["zoe", "anna"] { try await bench.store.addAgent(Identity(name)) }
      try await bench.store.heartbeat(Instance(agent: Identity("anna")))
      try await bench.insert("question", to: "cowork")
      let references = MessageReferences(replyTo: "question", taskID: try await bench.createTask(id: "job"))
      let sent = try await bench.store.broadcast(Broadcast(sender: .cowork, content: "All hands", references: references))
      #expect(sent.map(\.recipient.name) == ["anna", "code", "zoe"])
      #expect(sent.map(\.recipientOnline) == [true, false, false] && sent.allSatisfy(\.isNew) && Set(sent.map(\.messageID)).count == 3)
      #expect(sent.allSatisfy { $0.unread == UnreadCounts(messages: 1) })
      for receipt in sent {
        let instance = Instance(agent: receipt.recipient)
        let message = try #require(try await bench.store.take(TakeRequest(agent: receipt.recipient, instance: instance)).messages.first)
        #expect(message.id == receipt.messageID && message.createdAt == receipt.createdAt && message.content == "All hands")
        #expect(message.recipient == receipt.recipient.name && message.replyTo == "question" && message.taskID == "job")
      }
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "4")
    }
    StoreCase("a repeated key reaches only those that have no message of this key") { bench in
      let single = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "once", idempotencyKey: "k"))
      for (names, duplicates) in [(["code"], [true]), (["code", "late"], [true, false]), (["code", "late"], [true, true])] {
        for name in names { try await bench.store.addAgent(Identity(name)) }
        let sent = try await bench.broadcast("once", key: "k")
        #expect(sent.map(\.recipient.name) == names && sent.map(\.duplicate) == duplicates)
        #expect(sent.first?.messageID == single.messageID)
      }
      try await bench.store.addAgent(Identity("a-third"))
      #expect(await refusal { try await bench.broadcast("twice", key: "k") }?.code == .keyReused)
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "2")
    }
    StoreCase("the same broadcast again sends to nobody twice") { bench in
      try await bench.store.addAgent(Identity("anna"))
      let broadcast = Broadcast(sender: .code, content: "once")
      let first = try await bench.store.broadcast(broadcast)
      let second = try await bench.another().broadcast(broadcast)
      #expect(first.map(\.messageID) == second.map(\.messageID) && second.allSatisfy(\.duplicate))
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "2")
    }
    StoreCase("all are sent or none: too many agents, or an answer to nothing") { bench in
      let unfounded = await refusal { try await bench.broadcast(replyTo: "nothing") }
      #expect(unfounded?.code == .notFound)
      for number in 1...99 { try await bench.store.addAgent(Identity("agent-\(number)")) }
      #expect(try await bench.broadcast().count == 100)
      try await bench.store.addAgent(Identity("agent-100"))
      let error = await refusal { try await bench.broadcast() }
      #expect(error?.code == .invalidValue && error?.message.contains("101 other agents") == true)
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages") == "100")
    }
  }
}
