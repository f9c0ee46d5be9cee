import Bridge
import Testing

extension StoreSuite {
  static let agents = area("agents") {
    StoreCase("code and cowork are known from the start, and not there") { bench in
      let agents = try await bench.store.agents()
      #expect(agents.map(\.name) == ["code", "cowork"])
      #expect(agents.allSatisfy { !$0.online && $0.lastSeen == nil && $0.host == nil && $0.client == nil })
    }
    StoreCase("a heartbeat makes an agent known and online with its host and client, and signing off ends that at once") { bench in
      let instance = Instance(agent: try Identity("reviewer"), host: "workshop", client: "claude-code 2.1")
      try await bench.store.heartbeat(instance)
      let agents = try await bench.another().agents()
      #expect(agents.map(\.name) == ["code", "cowork", "reviewer"])
      let reviewer = try #require(agents.last)
      #expect(reviewer.online && reviewer.lastSeen != nil && reviewer.host == "workshop" && reviewer.client == "claude-code 2.1")
      let message = NewMessage(sender: .code, recipient: instance.agent, content: "hello")
      #expect(try await bench.store.send(message).recipientOnline)
      try await bench.store.signOff(instance)
      let gone = try #require(try await bench.store.agents().last)
      #expect(gone.name == "reviewer" && !gone.online && gone.lastSeen != nil)
      #expect(try await !bench.store.send(NewMessage(sender: .code, recipient: instance.agent, content: "later")).recipientOnline)
    }
    StoreCase("an agent is online while one of its processes is, and its client's name is kept") { bench in
      let first = Instance(agent: .code, client: "claude-code 2.1")
      for instance in [first, bench.code] { try await bench.store.heartbeat(instance) }
      #expect(try await bench.store.agents().first?.client == "claude-code 2.1")
      try await bench.store.signOff(first)
      #expect(try await bench.online() == [true, false])
      try await bench.store.signOff(bench.code)
      #expect(try await bench.online() == [false, false])
    }
    StoreCase("an agent without a recent heartbeat is offline") { bench in
      try await bench.store.heartbeat(bench.code)
      let impatient = try await bench.another(StoreTiming(presence: .seconds(-1)))
      #expect(try await impatient.agents().first?.online == false)
      #expect(try await bench.online() == [true, false])
    }
    StoreCase("a process that is known to be dead is not there; one elsewhere is") { bench in
      try await bench.store.heartbeat(Instance(agent: .code, process: .dead))
      try await bench.store.heartbeat(Instance(agent: .cowork, process: .elsewhere))
      #expect(try await bench.online() == [false, true])
      #expect(try await !bench.send("to the dead").recipientOnline)
      #expect(try await !bench.store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "")).recipientOnline)
    }
    StoreCase("an agent can be added before it connects, more than once, and adding it later changes nothing") { bench in
      let name = try Identity("night-shift")
      for _ in 1...2 { try await bench.store.addAgent(name) }
      let added = try #require(try await bench.store.agents().first { $0.name == "night-shift" })
      #expect(!added.online && added.lastSeen == nil)
      #expect(try await !bench.store.send(NewMessage(sender: .code, recipient: name, content: "for later")).duplicate)
      try await bench.store.heartbeat(Instance(agent: .code, host: "workshop"))
      let before = try await bench.store.agents()
      try await bench.store.addAgent(.code)
      #expect(try await bench.store.agents() == before)
    }
    StoreCase("unread messages and open tasks are counted for each agent") { bench in
      for content in ["one", "two"] { try await bench.send(content) }
      _ = try await bench.take(limit: 1)
      let done = try await bench.createTask("done")
      _ = try await bench.createTask("open")
      try await bench.move(done, to: .completed)
      let agents = try await bench.store.agents()
      #expect(agents.map(\.unreadMessages) == [1, 0] && agents.map(\.openTasks) == [1, 0])
    }
  }
}
