import Bridge
import Testing

extension StoreSuite {
  static let sessions = area("sessions") {
    StoreCase("an answer goes to the session that asked, and another one only learns that there is one") { bench in
      let (asker, other) = (Instance(agent: .code), Instance(agent: .code))
      try await bench.answer("for the asker", to: asker, beside: [other])
      try await bench.send("for anybody")
      let seen = try await bench.take(as: other)
      #expect(seen.contents == ["for anybody"] && seen.elsewhere == 1 && seen.remaining == 0)
      let counts = try await bench.store.unreadCounts(for: Viewer(other))
      #expect(counts.messages == 0 && counts.elsewhere == 1)
      #expect(try await bench.store.unreadCounts(for: Viewer(asker)) == UnreadCounts(messages: 1))
      let taken = try await bench.take(as: asker)
      #expect(taken.contents == ["for the asker"] && taken.elsewhere == 0)
      try await bench.store.confirm(#require(taken.lease))
      #expect(try await bench.store.unreadCounts(for: Viewer(other)).isEmpty)
    }
    StoreCase("every instance of the session gets the answer, the one that asked first") { bench in
      let (asker, sibling) = bench.siblings()
      let patient = try await bench.another(StoreTiming(precedence: .seconds(300)))
      let impatient = try await bench.another(StoreTiming(precedence: .zero))
      for taker in [asker, sibling] {
        try await bench.answer("answer", to: asker, beside: [sibling])
        // The other one leaves it for a moment.
        #expect(try await bench.take(as: sibling, from: patient).elsewhere == 1)
        let taken = try await bench.take(as: taker, from: taker == asker ? patient : impatient)
        #expect(taken.contents == ["answer"])
        try await bench.store.confirm(#require(taken.lease))
      }
    }
    StoreCase("an instance that its client starts again keeps the session") { bench in
      let session = Session(client: .elsewhere)
      let before = Instance(agent: .code, session: session)
      try await bench.answer("late", to: before, beside: [Instance(agent: .code)])
      try await bench.store.signOff(before, endsSession: false)
      #expect(try await bench.take(as: Instance(agent: .code)).elsewhere == 1)
      let after = Instance(agent: .code, session: session)
      try await bench.store.heartbeat(after)
      var taken = Delivery()
      while taken.isEmpty { taken = try await bench.take(as: after) }
      #expect(taken.contents == ["late"])
    }
    StoreCase("what is kept for a session that has ended is anybody's") { bench in
      let asker = Instance(agent: .code, session: Session(client: .elsewhere))
      let other = Instance(agent: .code)
      try await bench.answer("signed off", to: asker, beside: [other])
      #expect(try await bench.take(as: other).isEmpty)
      let wakeUps = bench.store.wakeUps(for: .code, .waiting)
      try await bench.another().signOff(asker, endsSession: true)
      #expect(try await Hints.until(wakeUps) { try await bench.take(as: other).contents.first } == "signed off")
    }
    StoreCase("a session whose process is dead keeps nothing, and one elsewhere no longer than its heartbeats") { bench in
      let other = Instance(agent: .code)
      let dead = Instance(agent: .code, session: Session(client: .dead))
      try await bench.answer("dead", to: dead, beside: [other])
      #expect(try await bench.take(as: other).contents == ["dead"])
      let silent = Instance(agent: .code, session: Session(client: .elsewhere))
      try await bench.answer("silent", to: silent, beside: [other])
      #expect(try await bench.take(as: other).elsewhere == 1)
      let impatient = try await bench.another(StoreTiming(presence: .seconds(-1)))
      #expect(try await bench.take(as: other, from: impatient).contents == ["silent"])
      // The process of a living session is seen, whatever its heartbeats say.
      let alive = Instance(agent: .code, session: Session(client: .current))
      try await bench.answer("alive", to: alive, beside: [other])
      #expect(try await bench.take(as: other, from: impatient).elsewhere == 1)
    }
    StoreCase("nothing is kept for longer than ten minutes, also when the clock was set back") { bench in
      let (asker, other) = (Instance(agent: .code), Instance(agent: .code))
      for (time, content) in [("2020-01-01T00:00:00.000Z", "over"), ("2999-01-01T00:00:00.000Z", "ahead")] {
        try await bench.answer(content, to: asker, beside: [other])
        #expect(try await bench.take(as: other).elsewhere == 1)
        try await bench.harness.executeByHand("UPDATE message_details SET kept_until = '\(time)' WHERE kept_for IS NOT NULL")
        let taken = try await bench.take(as: other)
        #expect(taken.contents == [content])
        try await bench.store.confirm(#require(taken.lease))
      }
    }
    StoreCase("what is kept for others is taken on demand, and outside of any session only what is anybody's") { bench in
      let asker = Instance(agent: .code)
      try await bench.answer("kept", to: asker)
      let command = Instance.command(of: .code)
      #expect(try await bench.take(as: command).elsewhere == 1)
      var all = TakeRequest(agent: .code, instance: command)
      all.viewer.seesAll = true
      let taken = try await bench.store.take(all)
      #expect(taken.contents == ["kept"] && taken.elsewhere == 0)
    }
    StoreCase("an answer to what the recipient has not sent, or a person has, is anybody's") { bench in
      let (asker, other) = (Instance(agent: .code), Instance(agent: .code))
      try await bench.store.heartbeat(asker)
      // Whose id looks as if the session had sent it.
      let ofCowork = try await bench.send("mine", id: UniqueID.make(stamp: asker.stamp)).messageID
      try await bench.insert("typed by hand", from: "code", to: "cowork")
      for asked in [ofCowork, "typed by hand"] { try await bench.reply("about it", to: asked) }
      #expect(try await bench.take(as: other).messages.count == 3)
    }
    StoreCase("the instances of one agent take what is theirs in one order, and nothing twice") { bench in
      let instances = (0..<4).map { _ in Instance(agent: .code) }
      for number in 1...20 { try await bench.answer("\(number)", to: instances[number % 4], beside: instances) }
      let taken = try await bench.atOnce(4) { (index: $0, contents: try await bench.take(as: instances[$0]).contents) }
      for (index, contents) in taken { #expect(contents == (1...20).filter { $0 % 4 == index }.map(String.init)) }
    }
  }

  static let awaitedReplies = area("awaited replies") {
    StoreCase("a call that waits for a reply gets it before every other wait, and nothing else") { bench in
      let (asker, sibling) = bench.siblings()
      let (asked, reply) = try await bench.ask(as: asker)
      #expect(try await bench.store.take(reply).isEmpty)
      try await bench.send("something else")
      try await bench.reply("the answer", to: asked)
      for instance in [sibling, asker] {
        var request = TakeRequest(agent: .code, instance: instance)
        request.viewer.seesAll = true
        let taken = try await bench.store.take(request)
        #expect(taken.contents == (instance == sibling ? ["something else"] : []) && taken.elsewhere == 1)
      }
      let taken = try await bench.store.take(reply)
      #expect(taken.contents == ["the answer"])
      try await bench.store.confirm(#require(taken.lease))
      #expect(try await bench.store.take(reply).isEmpty)
    }
    StoreCase("a call that ends leaves the reply to its session, and wakes it") { bench in
      let (asker, sibling) = bench.siblings()
      let (asked, reply) = try await bench.ask(as: asker)
      try await bench.reply("late", to: asked)
      #expect(try await bench.take(as: asker).isEmpty)
      let wakeUps = bench.store.wakeUps(for: .code, .waiting)
      try await bench.another().undo(#require(reply.reply).lease)
      #expect(try await Hints.until(wakeUps) { try await bench.take(as: asker).contents.first } == "late")
      #expect(try await bench.take(as: sibling).elsewhere == 0)
    }
    StoreCase("a reply that is awaited by a process that has died is its session's") { bench in
      let session = Session(client: .elsewhere)
      let asker = Instance(agent: .code, process: .dead, session: session)
      let (asked, _) = try await bench.ask(as: asker)
      try await bench.reply("answer", to: asked)
      let sibling = Instance(agent: .code, session: session)
      var taken = Delivery()
      while taken.isEmpty { taken = try await bench.take(as: sibling) }
      #expect(taken.contents == ["answer"])
    }
    StoreCase("a command outside of any session gets the reply that it waits for") { bench in
      let command = Instance.command(of: .code)
      let (asked, reply) = try await bench.ask(as: command)
      try await bench.reply("answer", to: asked)
      #expect(try await bench.take(as: Instance(agent: .code)).elsewhere == 1)
      #expect(try await bench.store.take(reply).contents == ["answer"])
    }
    StoreCase("a repeated question returns the reply also if it was read") { bench in
      let (asked, first) = try await bench.ask(as: bench.code, key: "k")
      try await bench.reply("answer", to: asked)
      try await bench.store.confirm(#require(try await bench.store.take(first).lease))
      try await bench.store.confirm(#require(first.reply).lease)
      let (again, second) = try await bench.ask(as: bench.code, key: "k")
      #expect(again == asked)
      #expect(try await bench.store.take(second).isEmpty)
      var repeated = second
      repeated.reply?.includesRead = true
      let taken = try await bench.store.take(repeated)
      #expect(taken.contents == ["answer"] && taken.messages.first?.isRead == true)
    }
    StoreCase("of many that ask at once each gets its own answer") { bench in
      let asked = try await bench.atOnce(50) { _ in try await bench.ask(as: Instance(agent: .code)) }
      for (id, _) in asked.shuffled() { try await bench.reply("to \(id)", to: id) }
      let taken = try await bench.atOnce(50) { (asked: asked[$0].0, contents: try await bench.store.take(asked[$0].1).contents) }
      for (asked, contents) in taken { #expect(contents == ["to \(asked)"]) }
    }
  }

  static let sessionTasks = area("tasks of sessions") {
    StoreCase("news of a task is kept for the session that created it, and only that one's looking clears it") { bench in
      let (creator, other) = (Instance(agent: .cowork), Instance(agent: .cowork))
      for instance in [creator, other] { try await bench.store.heartbeat(instance) }
      let id = try await bench.createTask(id: UniqueID.make(stamp: creator.stamp))
      try await bench.move(id, to: .completed, result: "done")
      let seen = try await bench.store.take(TakeRequest(agent: .cowork, includesTasks: true, instance: other))
      #expect(seen.isEmpty && seen.newsElsewhere == 1)
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
      #expect(try await bench.another().deliverAgain(id, to: .code))
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

extension StoreBench {
  /// Two instances of one session, whose parts of an id differ.
  func siblings() -> (Instance, Instance) {
    let session = Session(client: .elsewhere)
    let first = Instance(agent: .code, session: session)
    while true {
      let second = Instance(agent: .code, session: session)
      if second.stamp != first.stamp { return (first, second) }
    }
  }

  func take(as instance: Instance, from store: (any BridgeStore)? = nil) async throws -> Delivery {
    try await (store ?? self.store).take(TakeRequest(agent: instance.agent, instance: instance))
  }

  /// An instance of `code` asks `cowork`, which answers.
  func answer(_ content: String, to asker: Instance, beside others: [Instance] = []) async throws {
    for instance in [asker] + others { try await store.heartbeat(instance) }
    let question = NewMessage(id: UniqueID.make(stamp: asker.stamp), sender: .code, recipient: .cowork, content: "?")
    try await reply(content, to: store.send(question).messageID)
  }

  func reply(_ content: String, to asked: String) async throws {
    var answer = NewMessage(sender: .cowork, recipient: .code, content: content)
    answer.replyTo = asked
    _ = try await store.send(answer)
  }

  /// An instance of `code` asks `cowork`, and waits for the reply.
  func ask(as asker: Instance, key: String? = nil) async throws -> (asked: String, request: TakeRequest) {
    if asker.session != nil { try await store.heartbeat(asker) }
    var question = NewMessage(id: UniqueID.make(stamp: asker.stamp), sender: .code, recipient: .cowork, content: "?")
    question.idempotencyKey = key
    let reservation = ReplyReservation(instance: asker)
    question.reservation = reservation
    let asked = try await store.send(question).messageID
    var request = TakeRequest(agent: .code, limit: 1, instance: asker)
    request.reply = AwaitedReply(message: asked, lease: reservation.lease)
    return (asked, request)
  }
}
