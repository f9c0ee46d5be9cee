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
      try await bench.store.signOff(bench.code, endsSession: true)
      #expect(try await bench.task(id, for: .cowork).task.stale)
      let second = Instance(agent: .code)
      #expect(try await bench.move(id, to: .inProgress, as: second).holder == second.id)
    }
    StoreCase("a late result of the first holder is recorded each time, and replaces nothing of the other's") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress, on: bench.another(StoreTiming(claim: .seconds(-1))))
      let second = Instance(agent: .code)
      try await bench.move(id, to: .inProgress, as: second)
      for _ in 1...3 {
        #expect(await refusal { try await bench.move(id, to: .completed, result: "first") }?.code == .alreadyClaimed)
        #expect(try await bench.news(for: bench.cowork).map(\.status) == ["in_progress"])
      }
      #expect(try await bench.task(id).task.holder == second.id)
      try await bench.move(id, to: .completed, result: "second", as: second)
      #expect(try await bench.news(for: bench.cowork).map(\.id) == [id])
      for _ in 1...2 { #expect(await refusal { try await bench.move(id, to: .completed, result: "first") }?.code == .wrongStatus) }
      let report = try await bench.task(id, for: .cowork)
      #expect(report.task.result == "second" && report.task.status == "completed")
      #expect(report.history.count { $0.note?.contains("refused result (completed): first") == true } == 5)
      #expect(report.history.filter { $0.note?.contains("refused") == true }.allSatisfy { $0.actor == "code" && $0.from == $0.to })
      #expect(try await bench.news(for: bench.cowork).map(\.id) == [id])
    }
    StoreCase("a process that was refused a task cannot end it either, and the holder's result counts") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      let other = Instance(agent: .code)
      for _ in 1...2 {
        #expect(await refusal { try await bench.move(id, to: .inProgress, as: other) }?.code == .alreadyClaimed)
        #expect(await refusal { try await bench.move(id, to: .inProgress, result: "half", as: other) }?.code == .alreadyClaimed)
        for end in [TaskStatus.completed, .failed] {
          let error = await refusal { try await bench.move(id, to: end, result: "theirs", as: other) }
          #expect(error?.code == .alreadyClaimed && error?.message.contains(bench.code.id) == true)
          #expect(await refusal { try await bench.move(id, to: end, as: other) }?.code == .alreadyClaimed)
        }
      }
      #expect(try await bench.move(id, to: .completed, result: "mine").result == "mine")
      // Two claims without a word are not recorded: they have no result.
      #expect(try await bench.task(id).history.count == 3 + 2 * 5)
    }
    StoreCase("a result that comes after the creator has ended the task is refused and recorded each time") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      let ended = try await bench.move(id, to: .failed, result: "stop", as: bench.cowork)
      for _ in 1...2 {
        #expect(await refusal { try await bench.move(id, to: .completed, result: "done") }?.code == .wrongStatus)
        #expect(await refusal { try await bench.move(id, to: .completed) }?.code == .wrongStatus)
      }
      #expect(await refusal { try await bench.move(id, to: .inProgress) }?.code == .wrongStatus)
      let report = try await bench.task(id)
      #expect(report.task == ended && report.history.count == 3 + 4)
      #expect(report.history.suffix(2).map(\.note) == ["refused result (completed): done", "refused result (completed): none given"])
    }
    StoreCase("a person takes a task over from a process at work, whose result is then refused") { bench in
      for end in [TaskStatus.inProgress, .completed] {
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress)
        let person = Instance(agent: .code)
        let task = try await bench.move(id, to: end, result: "mine", as: person, takingOver: true)
        #expect(task.status == end.rawValue && task.holder == (end == .inProgress ? person.id : nil))
        let note = try await bench.task(id).history.last?.note
        #expect(note?.contains(bench.code.id) == true && note?.contains("mine") == true)
        #expect(await refusal { try await bench.move(id, to: .failed, result: "late") } != nil)
        #expect(try await bench.task(id).task.result == "mine")
      }
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress)
      #expect(await refusal { try await bench.move(id, to: .pending, as: Instance(agent: .code), takingOver: true) }?.code == .wrongStatus)
      #expect(await refusal { try await bench.move(id, to: .completed, as: bench.cowork, takingOver: true) }?.code == .notAllowed)
    }
    StoreCase("a claim whose end is too far ahead is stale: the clock was set back") { bench in
      let id = try await bench.createTask()
      try await bench.move(id, to: .inProgress, as: Instance(agent: .code, process: .elsewhere))
      #expect(try await !bench.task(id).task.stale)
      try await bench.harness.executeByHand("UPDATE task_details SET held_until = '2999-01-01T00:00:00.000Z'")
      #expect(try await bench.task(id).task.stale)
      #expect(try await bench.move(id, to: .inProgress).holder == bench.code.id)
    }
  }
}
