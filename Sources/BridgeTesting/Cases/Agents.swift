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
      try await bench.store.signOff(instance, endsSession: true)
      let gone = try #require(try await bench.store.agents().last)
      #expect(gone.name == "reviewer" && !gone.online && gone.lastSeen != nil)
      #expect(try await !bench.store.send(NewMessage(sender: .code, recipient: instance.agent, content: "later")).recipientOnline)
    }
    StoreCase("an agent is online while one of its processes is, and its client's name is kept") { bench in
      let first = Instance(agent: .code, client: "claude-code 2.1")
      for instance in [first, bench.code] { try await bench.store.heartbeat(instance) }
      #expect(try await bench.store.agents().first?.client == "claude-code 2.1")
      try await bench.store.signOff(first, endsSession: true)
      #expect(try await bench.online() == [true, false])
      try await bench.store.signOff(bench.code, endsSession: true)
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
    StoreCase("a heartbeat from before the clock was set back shows nobody online, and is forgotten") { bench in
      try await bench.store.heartbeat(Instance(agent: .code, process: .elsewhere))
      #expect(try await bench.online() == [true, false])
      try await bench.harness.executeByHand("UPDATE instances SET last_seen = '2999-01-01T00:00:00.000Z'")
      #expect(try await bench.online() == [false, false])
      #expect(try await !bench.send("to the dead").recipientOnline)
      // By the next one of this agent.
      try await bench.store.heartbeat(bench.code)
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM instances") == "1")
      #expect(try await bench.online() == [true, false])
    }
    StoreCase("a list of agents has the own one, code, cowork, and those seen last") { bench in
      for number in 1...Limits.agents + 5 { try await bench.store.addAgent(Identity("sleeper-\(100 + number)")) }
      for name in ["zoe", "zachary"] { try await bench.store.heartbeat(Instance(agent: Identity(name))) }
      let own = try Identity("sleeper-155")
      let page = try await bench.store.agents(AgentQuery(own: own))
      #expect(page.agents.count == Limits.agents && page.remaining == 9)
      let names = page.agents.map(\.name)
      #expect(names == names.sorted() && Set(["code", "cowork", "zoe", "zachary", own.name]).isSubset(of: names))
      let wellKnown = try await bench.store.agents(AgentQuery(limit: 3))
      #expect(wellKnown.agents.map(\.name).filter { ["code", "cowork"].contains($0) } == ["code", "cowork"])
      let some = try await bench.store.agents(AgentQuery(beginning: "z", limit: 1))
      #expect(some.agents.map(\.name) == ["zachary"] && some.remaining == 1)
      #expect(try await bench.store.agents(AgentQuery(beginning: "sleeper-15", own: own, limit: 1)).agents.map(\.name) == [own.name])
    }
    StoreCase("the error for an unknown recipient names the ten nearest") { bench in
      let near = ["reviewer", "reviewr1", "reviews", "review", "rewiever", "previewer", "reviewers", "viewer", "reviver", "reviewed"]
      for name in near + (1...30).map({ "unrelated-\($0)" }) { try await bench.store.addAgent(Identity(name)) }
      let recipient = try Identity("reviewerr")
      let errors = [
        await refusal { try await bench.store.send(NewMessage(sender: .code, recipient: recipient, content: "x")) },
        await refusal { try await bench.store.createTask(NewTask(sender: .code, recipient: recipient, title: "x", description: "")) },
      ]
      for error in errors {
        #expect(error?.code == .unknownRecipient)
        #expect(error?.message.contains("known are reviewer, reviewers, ") == true && error?.message.contains("unrelated") == false)
        for name in near { #expect(error?.message.contains(name) == true, "\(name)") }
      }
    }
    StoreCase("the nearest names are found among thousands") { bench in
      for number in 1...3 {
        try await bench.harness.executeByHand(
          "WITH RECURSIVE n (i) AS (SELECT 1000 * \(number) UNION ALL SELECT i + 1 FROM n WHERE i < 1000 * \(number) + 999) "
            + "INSERT INTO agents (name, added_at) SELECT 'agent' || i, datetime('now') FROM n")
      }
      for name in ["agent300", "agent3x1", "gaent3987"] { try await bench.store.addAgent(Identity(name)) }
      let typos = ["agent300x": "agent300", "agnet3x1": "agent3x1", "agent3987x": "agent3987", "gaetn3987": "gaent3987"]
      for (typo, nearest) in typos {
        let recipient = try Identity(typo)
        let error = await refusal { try await bench.store.send(NewMessage(sender: .code, recipient: recipient, content: "x")) }
        #expect(error?.message.contains("Did you mean \"\(nearest)\"?") == true, "\(error?.message ?? "")")
      }
    }
    StoreCase("an agent that is removed is known no more, and its messages and tasks stay") { bench in
      let name = try Identity("reviewer")
      try await bench.store.heartbeat(Instance(agent: name))
      let message = NewMessage(sender: .code, recipient: name, content: "hello")
      _ = try await bench.store.send(message)
      #expect(try await !bench.store.removeAgent(name, force: false))
      #expect(try await bench.store.agents().count == 3)
      #expect(try await bench.store.removeAgent(name, force: true))
      #expect(try await bench.store.agents().map(\.name) == ["code", "cowork"])
      var another = message
      another.id = UniqueID.make()
      #expect(await refusal { try await bench.store.send(another) }?.code == .unknownRecipient)
      #expect(try await bench.store.history(HistoryQuery(agent: .code)).messages.map(\.content) == ["hello"])
      try await bench.store.addAgent(name)
      #expect(try await bench.store.take(TakeRequest(agent: name, instance: Instance(agent: name))).contents == ["hello"])
      #expect(try await bench.store.removeAgent(name, force: false))
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
