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
