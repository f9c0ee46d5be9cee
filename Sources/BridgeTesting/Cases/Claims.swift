import Bridge
import Testing

extension StoreSuite {
  static let claims = area("claims") {
    StoreCase("a task that one process has taken is refused to the next, which is told who has it") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      let error = await refusal { try await bench.move(id, to: .inProgress, as: Instance(agent: .code), on: bench.another()) }
      #expect(error?.code == .alreadyClaimed && error?.message.contains(bench.code.id) == true)
      #expect(try await bench.task(id).task.holder == bench.code.id)
    }
    StoreCase("of many processes that take a task at once exactly one gets it") { bench in
      let id = try await bench.createTask()
      let stores = [bench.store, try await bench.another(), try await bench.another()]
      let outcomes = try await bench.atOnce(9) { number -> BridgeError.Code? in
        do {
          try await bench.move(id, to: .inProgress, as: Instance(agent: .code), on: stores[number % 3])
          return nil
        } catch let error as BridgeError { return error.code }
      }
      #expect(outcomes.count { $0 == nil } == 1 && outcomes.count { $0 == .alreadyClaimed } == 8)
      #expect(try await bench.task(id).history.count == 2)
    }
    StoreCase("a claim without a heartbeat is stale, and may be taken over") { bench in
      let id = try await bench.createTask()
      let quick = try await bench.another(StoreTiming(claim: .seconds(-1)))
      #expect(try await bench.move(id, to: .inProgress, on: quick).stale)
      let second = Instance(agent: .code)
      let task = try await bench.move(id, to: .inProgress, as: second)
      #expect(task.holder == second.id && !task.stale)
      let last = try await bench.task(id, for: .cowork).history.last
      #expect(last?.from == "in_progress" && last?.to == "in_progress" && last?.note?.contains(bench.code.id) == true)
    }
    StoreCase("a claim of a dead process is stale at once, and one of a process elsewhere is kept") { bench in
      for (process, isStale) in [(ProcessIdentity.dead, true), (.elsewhere, false)] {
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress, as: Instance(agent: .code, process: process))
        #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.last?.stale == isStale)
        if isStale { #expect(try await bench.move(id, to: .inProgress).holder == bench.code.id) }
      }
    }
    StoreCase("a heartbeat keeps the claims of its own instance only, and repeating in_progress counts as one") { bench in
      let quick = try await bench.another(StoreTiming(claim: .seconds(-1)))
      let ids = [try await bench.createTask("mine"), try await bench.createTask("theirs")]
      let others = Instance(agent: .code)
      try await bench.move(ids[0], to: .inProgress, on: quick)
      try await bench.move(ids[1], to: .inProgress, as: others, on: quick)
      try await bench.store.heartbeat(bench.code)
      #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.map(\.stale) == [false, true])
      try await bench.move(ids[1], to: .inProgress, as: others)
      #expect(try await bench.task(ids[1]).task.stale == false)
    }
    StoreCase("a process that signs off leaves its tasks to others") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      try await bench.store.signOff(bench.code)
      #expect(try await bench.task(id, for: .cowork).task.stale)
      let second = Instance(agent: .code)
      #expect(try await bench.move(id, to: .inProgress, as: second).holder == second.id)
    }
    StoreCase("a late result of the first holder is recorded, and does not replace the other") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress, on: bench.another(StoreTiming(claim: .seconds(-1))))
      let second = Instance(agent: .code)
      try await bench.move(id, to: .inProgress, as: second)
      try await bench.move(id, to: .completed, result: "second", as: second)
      #expect(try await bench.news(for: bench.cowork).map(\.id) == [id])
      #expect(await refusal { try await bench.move(id, to: .completed, result: "first") }?.code == .wrongStatus)
      let report = try await bench.task(id, for: .cowork)
      #expect(report.task.result == "second" && report.history.last?.note?.contains("first") == true)
      #expect(try await bench.news(for: bench.cowork).map(\.id) == [id])
    }
  }
}
