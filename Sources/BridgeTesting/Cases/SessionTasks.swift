import Bridge
import Testing

extension StoreSuite {
  static let sessionTasks = area("tasks of sessions") {
    StoreCase("news of a task is kept for the session that created it, and only that one's looking clears it") { bench in
      let (creator, other) = (Instance(agent: .cowork), Instance(agent: .cowork))
      for instance in [creator, other] { try await bench.store.heartbeat(instance) }
      let id = try await bench.createTask(id: UniqueID.make(stamp: creator.stamp))
      try await bench.move(id, to: .completed, result: "done")
      let seen = try await bench.store.take(TakeRequest(agent: .cowork, includesTasks: true, instance: other))
      #expect(seen.isEmpty && seen.newsElsewhere == 1)
      var look = TakeRequest(agent: .cowork, includesTasks: true, instance: nil)
      look.viewer = Viewer(other)
      #expect(try await bench.store.take(look).newsElsewhere == 1)
      #expect(try await bench.store.unreadCounts(for: Viewer(other)) == UnreadCounts(elsewhere: 1))
      #expect(try await bench.store.tasks(TaskQuery(agent: .cowork, role: .creator, instance: other)).lease == nil)
      #expect(try await bench.store.task(id, for: .cowork, instance: other).lease == nil)
      #expect(try await bench.store.unreadCounts(for: Viewer(creator)) == UnreadCounts(tasks: 1))
      #expect(try await bench.news(for: creator).map(\.id) == [id])
      #expect(try await bench.store.unreadCounts(for: Viewer(other)).isEmpty)
    }
    StoreCase("news of a task is anybody's once its session has ended, or after ten minutes") { bench in
      let other = Instance(agent: .cowork)
      for end in ["session", "time"] {
        let creator = Instance(agent: .cowork)
        try await bench.store.heartbeat(creator)
        let id = try await bench.createTask(id: UniqueID.make(stamp: creator.stamp))
        try await bench.move(id, to: .completed)
        #expect(try await bench.news(for: other).isEmpty)
        if end == "session" {
          try await bench.store.signOff(creator, endsSession: true)
        } else {
          try await bench.harness.executeByHand("UPDATE task_details SET news_at = '2020-01-01T00:00:00.000Z'")
        }
        #expect(try await bench.news(for: other).map(\.id) == [id])
      }
    }
    StoreCase("reading tasks clears no news that is kept for a silent client that runs, and clears that of a dead one") { bench in
      let other = Instance(agent: .cowork)
      for (client, isKept) in [(ProcessIdentity.current, true), (.dead, false)] {
        let creator = Instance(agent: .cowork, session: Session(client: client))
        try await bench.store.heartbeat(creator)
        let id = try await bench.createTask(id: UniqueID.make(stamp: creator.stamp))
        try await bench.move(id, to: .completed)
        let timing = StoreTiming(presence: isKept ? .seconds(-1) : .seconds(45))
        let page = try await bench.another(timing).tasks(TaskQuery(agent: .cowork, role: .creator, limit: 1, instance: other))
        #expect(page.tasks.map(\.id) == [id] && (page.lease == nil) == isKept)
        if let lease = page.lease { try await bench.store.undo(lease) }
        #expect(try await (bench.another(timing).task(id, for: .cowork, instance: other).lease == nil) == isKept)
      }
    }
    StoreCase("that its creator has ended a task is told to the session that held it") { bench in
      let (holder, other) = (Instance(agent: .code), Instance(agent: .code))
      for instance in [holder, other] { try await bench.store.heartbeat(instance) }
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress, as: holder)
      try await bench.move(id, to: .failed, as: bench.cowork)
      #expect(try await bench.news(for: other).isEmpty)
      #expect(try await bench.news(for: holder).map(\.id) == [id])
    }
    StoreCase("a claim belongs to the session: its other instances end it and keep it, other sessions do not") { bench in
      let session = Session(client: .elsewhere)
      let (first, second) = (Instance(agent: .code, session: session), Instance(agent: .code, session: session))
      let ids = [try await bench.createTask("one"), try await bench.createTask("two")]
      for id in ids { try await bench.move(id, to: .inProgress, as: first, on: bench.another(StoreTiming(claim: .seconds(-1)))) }
      try await bench.store.heartbeat(second)
      #expect(try await bench.task(ids[0]).task.stale == false)
      for end in [TaskStatus.inProgress, .completed, .failed] {
        #expect(await refusal { try await bench.move(ids[0], to: end, as: Instance(agent: .code)) }?.code == .alreadyClaimed)
      }
      #expect(try await bench.move(ids[0], to: .completed, result: "ours", as: second).result == "ours")
      let last = try await bench.task(ids[0]).history.last
      #expect(last?.note == "ours")
      // The end of an instance ends nothing, that of the session does.
      try await bench.store.signOff(first, endsSession: false)
      #expect(try await bench.task(ids[1]).task.stale == false)
      try await bench.store.signOff(second, endsSession: true)
      #expect(try await bench.task(ids[1]).task.stale)
    }
    StoreCase("what a command has taken outside of any session may be taken over at once") { bench in
      let id = try await bench.createTask()
      #expect(try await bench.move(id, to: .inProgress, as: .command(of: .code)).stale)
      #expect(try await bench.move(id, to: .completed, result: "it", as: .command(of: .code)).result == "it")
      #expect(try await bench.task(id).history.last?.note == "it")
    }
    StoreCase("list_agents counts the sessions that run") { bench in
      let session = Session(client: .elsewhere)
      for instance in [Instance(agent: .code, session: session), Instance(agent: .code, session: session), bench.code] {
        try await bench.store.heartbeat(instance)
      }
      try await bench.store.heartbeat(Instance(agent: .code, session: Session(client: .dead)))
      #expect(try await bench.store.agents().map(\.sessions) == [2, 0])
      try await bench.store.signOff(bench.code, endsSession: true)
      #expect(try await bench.store.agents().map(\.sessions) == [1, 0])
      let sessions = try await bench.store.sessions(of: .code).filter(\.isAlive)
      #expect(sessions.map(\.name) == [session.name] && sessions.map(\.stamp) == [session.stamp])
      #expect(try await bench.store.overview().sessions.map(\.name) == [session.name])
    }
  }

  static let setAside = area("set aside") {
    StoreCase("a message whose leases expire comes alone after three, and is set aside after five, and holds up no other") { bench in
      for content in ["before", "poison", "after"] { try await bench.send(content) }
      let forgetful = try await bench.forgetful()
      // The first is read each time; the others are taken and never confirmed.
      try await bench.store.confirm(bench.lease(limit: 1))
      for round in 1...3 { #expect(try await bench.take(limit: 1, from: forgetful).contents == ["poison"], "\(round)") }
      #expect(try await bench.take(from: forgetful).contents == ["poison"])
      let alone = try await bench.take(from: forgetful)
      #expect(alone.contents == ["poison"] && alone.remaining == 1 && alone.messages.first?.redelivered == true)
      let rest = try await bench.take()
      #expect(rest.contents == ["after"] && rest.setAside == 1 && rest.remaining == 0)
      #expect(try await bench.store.unreadCounts(for: .code).isEmpty)
      #expect(try await bench.store.setAside(of: .code).map(\.content) == ["poison"])
      #expect(try await bench.store.overview().setAside.map(\.agent) == ["code"])
      #expect(try await bench.valueByHand("SELECT COUNT(*) FROM messages WHERE read = 0") == "1")
      let id = try #require(try await bench.store.setAside(of: .code).first?.id)
      #expect(try await !bench.store.deliverAgain(id, to: .cowork))
      let wakeUps = bench.store.wakeUps(for: .code, .waiting)
      #expect(try await bench.another().deliverAgain(String(id.prefix(8)), to: .code))
      #expect(try await Hints.until(wakeUps) { try await bench.unread().first } == "poison")
      #expect(try await !bench.store.deliverAgain(id, to: .code))
      // It counts from none.
      for _ in 1...4 { #expect(try await bench.take(from: forgetful).contents == ["poison"]) }
      #expect(try await bench.take().contents == ["poison"])
    }
    StoreCase("what is given back, as by a cancelled call, does not count") { bench in
      try await bench.send("well")
      for _ in 1...8 { try await bench.store.undo(bench.lease()) }
      #expect(try await bench.take().contents == ["well"])
    }
    StoreCase("a message that is to come alone comes after the others before it") { bench in
      try await bench.send("poison")
      let forgetful = try await bench.forgetful()
      for _ in 1...3 { #expect(try await bench.take(from: forgetful).contents == ["poison"]) }
      try await bench.harness.executeByHand("INSERT INTO messages (id, sender, recipient, content) VALUES ('x', 'cowork', 'code', 'new')")
      #expect(try await bench.take(tasks: true).contents == ["poison"])
      #expect(try await bench.take().contents == ["new"])
    }
  }
}
