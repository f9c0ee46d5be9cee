import Bridge
import Testing

extension StoreSuite {
  static let concurrency = area("concurrency") {
    StoreCase("what eight writers send at once arrives once, each writer's in its order") { bench in
      let stores = [bench.store, try await bench.another(), try await bench.another(), try await bench.another()]
      _ = try await bench.atOnce(8) { writer in
        for number in 10..<22 {
          _ = try await stores[writer % 4].send(NewMessage(sender: .cowork, recipient: .code, content: "\(writer) \(number)"))
        }
      }
      let contents = try await bench.take(limit: 200).contents
      #expect(contents.count == 96)
      for writer in 0..<8 {
        #expect(contents.filter { $0.hasPrefix("\(writer)") } == (10..<22).map { "\(writer) \($0)" })
      }
    }
    StoreCase("a look beside a writer counts nothing that it does not show") { bench in
      let writer = try await bench.another()
      let isWriting = Shared(true)
      async let written: Void = {
        defer { isWriting.change { $0 = false } }
        for number in 0..<60 { _ = try await writer.send(NewMessage(sender: .cowork, recipient: .code, content: "\(number)")) }
      }()
      while isWriting.value {
        let look = try await bench.store.take(
          TakeRequest(agent: .code, includesTasks: true, limit: 200, characters: 1_000_000, instance: nil))
        try #require(look.remaining == 0, "beside \(look.messages.count) messages")
      }
      try await written
      #expect(try await bench.take(limit: 200).messages.count == 60)
    }
    StoreCase("two processes with one identity never get the same message, and together all") { bench in
      let total = 60
      let stores = [bench.store, try await bench.another()]
      let left = Shared(total)
      let taken = try await bench.atOnce(3) { number in
        var seen = [String]()
        if number == 2 {
          for number in 0..<total { try await bench.send("\(number)") }
          return seen
        }
        let instance = Instance(agent: .code)
        while left.value > 0 {
          let delivery = try await stores[number].take(TakeRequest(agent: .code, limit: 3, instance: instance))
          seen += delivery.contents
          left.change { $0 -= delivery.messages.count }
          if let lease = delivery.lease { try await stores[number].confirm(lease) }
        }
        return seen
      }.flatMap { $0 }
      #expect(taken.count == total && Set(taken).count == total)
    }
    StoreCase("takers that give back half of what they get lose nothing") { bench in
      let all = Set((0..<40).map(String.init))
      for content in all { try await bench.send(content) }
      let stores = [bench.store, try await bench.another(), try await bench.another()]
      let confirmed = Shared([String]())
      _ = try await bench.atOnce(3) { number in
        let (store, instance) = (stores[number], Instance(agent: .code))
        var turn = 0
        while confirmed.value.count < all.count {
          let delivery = try await store.take(TakeRequest(agent: .code, limit: 4, instance: instance))
          guard let lease = delivery.lease else { continue }
          turn += 1
          if turn.isMultiple(of: 2) {
            try await store.confirm(lease)
            confirmed.change { $0 += delivery.contents }
          } else {
            try await store.undo(lease)
          }
        }
      }
      #expect(Set(confirmed.value) == all && confirmed.value.count == all.count)
      #expect(try await bench.take().isEmpty)
    }
    StoreCase("a change that comes while its creator lists its tasks is told, by the list or as news") { bench in
      let assignee = try await bench.another()
      for round in 1...40 {
        let id = try await bench.createTask("\(round)")
        try await bench.move(id, to: .inProgress, on: assignee)
        async let change = bench.move(id, to: .completed, on: assignee)
        // A single look: a later one would show the news anyway and hide its loss.
        var told = [BridgeTask]()
        let lease: String?
        if round.isMultiple(of: 2) {
          let page = try await bench.store.tasks(TaskQuery(agent: .cowork, role: .creator, limit: 200, instance: bench.cowork))
          (told, lease) = (page.tasks, page.lease)
        } else {
          let report = try await bench.store.task(id, for: .cowork, instance: bench.cowork)
          (told, lease) = ([report.task], report.lease)
        }
        if let lease { try await bench.store.confirm(lease) }
        _ = try await change
        told += try await bench.news(for: bench.cowork)
        #expect(told.contains { $0.id == id && $0.status == "completed" }, "round \(round)")
      }
    }
    StoreCase("readers and writers of everything at once do not disturb each other") { bench in
      let stores = [bench.store, try await bench.another()]
      _ = try await bench.atOnce(4) { number in
        let (store, instance) = (stores[number % 2], Instance(agent: .code))
        for round in 0..<8 {
          if number < 2 {
            try await store.heartbeat(instance)
            _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "word \(number) \(round)"))
            _ = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "\(round)", description: ""))
          } else {
            _ = try await store.history(HistoryQuery(agent: .code, text: "word"))
            _ = try await store.agents()
            _ = try await store.tasks(TaskQuery(agent: .code, instance: Instance(agent: .code)))
            _ = try await store.unreadCounts(for: .code)
          }
        }
      }
      #expect(try await bench.take(limit: 200).messages.count == 16)
      #expect(try await past(bench, text: "word").count == 16)
      #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.count == 16)
    }
  }
}
