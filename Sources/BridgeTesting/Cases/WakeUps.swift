import Bridge
import Testing

extension StoreSuite {
  static let wakeUps = area("wake-ups") {
    StoreCase("a message of another process, or a row by hand, wakes its recipient, each time") { bench in
      let wakeUps = bench.store.wakeUps(for: .code, .waiting)
      #expect(try await bench.take().isEmpty)
      let other = try await bench.another()
      for content in ["1", "2", "3", "4"] {
        if content < "3" {
          _ = try await other.send(NewMessage(sender: .cowork, recipient: .code, content: content))
        } else {
          try await bench.insert("hand-\(content)", content)
        }
        #expect(try await Hints.until(wakeUps) { try await bench.take().contents.first } == content)
      }
    }
    StoreCase("one who subscribes before its first look misses nothing that is sent between") { bench in
      let other = try await bench.another()
      for round in 1...10 {
        let wakeUps = bench.store.wakeUps(for: .code, round.isMultiple(of: 2) ? .waiting : .idle)
        async let sent = other.send(NewMessage(sender: .cowork, recipient: .code, content: "\(round)"))
        #expect(try await Hints.until(wakeUps) { try await bench.take().contents.first } == "\(round)")
        _ = try await sent
      }
    }
    StoreCase("several subscribers are all woken") { bench in
      let stores = [bench.store, bench.store, try await bench.another()]
      let subscriptions = stores.map { $0.wakeUps(for: .code, .waiting) }
      for store in stores { _ = try await store.unreadCounts(for: .code) }
      try await bench.send("for all")
      for (store, wakeUps) in zip(stores, subscriptions) {
        #expect(try await Hints.until(wakeUps) { try await store.unreadCounts(for: .code).messages == 1 ? true : nil } == true)
      }
    }
    StoreCase("a new task wakes its assignee, and each change its creator, also one by hand") { bench in
      let (assignee, creator) = (bench.store.wakeUps(for: .code, .waiting), bench.store.wakeUps(for: .cowork, .waiting))
      let other = try await bench.another()
      let id = try await other.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "")).taskID
      #expect(try await Hints.until(assignee) { try await bench.news(for: bench.code).first?.id } == id)
      try await bench.move(id, to: .inProgress, on: other)
      #expect(try await Hints.until(creator) { try await bench.news(for: bench.cowork).first?.status } == "in_progress")
      try await bench.harness.executeByHand("UPDATE tasks SET status = 'completed', result = 'by hand' WHERE id = '\(id)'")
      #expect(try await Hints.until(creator) { try await bench.news(for: bench.cowork).first?.result } == "by hand")
    }
    StoreCase("what is given back, or recovered, wakes its agent") { bench in
      try await bench.send("back")
      let other = try await bench.another()
      let lease = try await bench.lease(from: other)
      let wakeUps = bench.store.wakeUps(for: .code, .waiting)
      #expect(try await bench.unread().isEmpty)
      try await other.undo(lease)
      #expect(try await Hints.until(wakeUps) { try await bench.unread().first } == "back")
      _ = try await bench.take(from: bench.forgetful())
      #expect(try await bench.store.unreadCounts(for: .code).isEmpty)
      #expect(try await other.recoverExpired() == 1)
      #expect(try await Hints.until(wakeUps) { try await bench.store.unreadCounts(for: .code).messages == 1 ? true : nil } == true)
    }
    StoreCase("closing a store ends its hints, and its verbs fail") { bench in
      let other = try await bench.another()
      _ = try await other.unreadCounts(for: .code)
      let wakeUps = other.wakeUps(for: .code, .waiting)
      await other.close()
      // Earlier hints may come first; the loop ends with the sequence.
      let began = ContinuousClock.now
      while await Hints.next(wakeUps) != nil {}
      #expect(ContinuousClock.now - began < .seconds(20))
      #expect(await refusal { try await other.unreadCounts(for: .code) }?.code == .storeUnavailable)
      try await bench.send("others go on")
      #expect(try await bench.unread() == ["others go on"])
    }
  }
}
