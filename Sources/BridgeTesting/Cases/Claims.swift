import Bridge
import Testing

extension StoreSuite {
  static let claims = area(
    "claims",
    [
      StoreCase("a task that one process has taken is refused to the next, which is told who has it") { bench in
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress)
        let second = Instance(agent: .code)
        let error = await refusal { try await bench.move(id, to: .inProgress, as: second, on: bench.another()) }
        #expect(error?.code == .alreadyClaimed && error?.message.contains(bench.code.id) == true)
        #expect(try await bench.store.task(id, for: .code, instance: nil).task.holder == bench.code.id)
      },
      StoreCase("of many processes that take a task at once exactly one gets it") { bench in
        let id = try await bench.createTask()
        let stores = [bench.store, try await bench.another(), try await bench.another()]
        let outcomes = await withTaskGroup(of: BridgeError.Code?.self) { group in
          for number in 0..<9 {
            group.addTask {
              do {
                try await bench.move(id, to: .inProgress, as: Instance(agent: .code), on: stores[number % 3])
                return nil
              } catch { return (error as? BridgeError)?.code ?? .storeFailed }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1)
        #expect(outcomes.filter { $0 == .alreadyClaimed }.count == 8)
        #expect(try await bench.store.task(id, for: .code, instance: nil).history.count == 2)
      },
      StoreCase("a claim without a heartbeat is stale, and may be taken over") { bench in
        let id = try await bench.createTask()
        let quick = try await bench.another(StoreTiming(claim: .seconds(-1)))
        #expect(try await bench.move(id, to: .inProgress, on: quick).stale)
        let second = Instance(agent: .code)
        let task = try await bench.move(id, to: .inProgress, as: second)
        #expect(task.holder == second.id && !task.stale)
        let last = try await bench.store.task(id, for: .cowork, instance: nil).history.last
        #expect(last?.from == "in_progress" && last?.to == "in_progress" && last?.note?.contains(bench.code.id) == true)
      },
      StoreCase("a claim of a dead process is stale at once") { bench in
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress, as: Instance(agent: .code, process: .dead))
        #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.first?.stale == true)
        #expect(try await bench.move(id, to: .inProgress).holder == bench.code.id)
      },
      StoreCase("a claim of a process elsewhere is kept") { bench in
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress, as: Instance(agent: .code, process: .elsewhere))
        #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.first?.stale == false)
      },
      StoreCase("a heartbeat keeps the claims of its own instance only") { bench in
        let quick = try await bench.another(StoreTiming(claim: .seconds(-1)))
        let (mine, theirs) = (try await bench.createTask("mine"), try await bench.createTask("theirs"))
        try await bench.move(mine, to: .inProgress, on: quick)
        try await bench.move(theirs, to: .inProgress, as: Instance(agent: .code), on: quick)
        try await bench.store.heartbeat(bench.code)
        #expect(try await bench.store.tasks(TaskQuery(agent: .code)).tasks.map(\.stale) == [false, true])
      },
      StoreCase("repeating in_progress counts as a heartbeat") { bench in
        let quick = try await bench.another(StoreTiming(claim: .seconds(-1)))
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress, on: quick)
        try await bench.move(id, to: .inProgress)
        #expect(try await bench.store.task(id, for: .code, instance: nil).task.stale == false)
      },
      StoreCase("a process that signs off leaves its tasks to others") { bench in
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress)
        try await bench.store.signOff(bench.code)
        #expect(try await bench.store.task(id, for: .cowork, instance: nil).task.stale)
        let second = Instance(agent: .code)
        #expect(try await bench.move(id, to: .inProgress, as: second).holder == second.id)
      },
      StoreCase("a late result of the first holder is recorded, and does not replace the other") { bench in
        let id = try await bench.createTask()
        try await bench.move(id, to: .inProgress, on: bench.another(StoreTiming(claim: .seconds(-1))))
        let second = Instance(agent: .code)
        try await bench.move(id, to: .inProgress, as: second)
        try await bench.move(id, to: .completed, result: "second", as: second)
        #expect(try await bench.news(for: bench.cowork).map(\.id) == [id])
        let error = await refusal { try await bench.move(id, to: .completed, result: "first") }
        #expect(error?.code == .wrongStatus)
        let report = try await bench.store.task(id, for: .cowork, instance: nil)
        #expect(report.task.result == "second" && report.history.last?.note?.contains("first") == true)
        #expect(try await bench.news(for: bench.cowork).map(\.id) == [id])
      },
    ])
}
