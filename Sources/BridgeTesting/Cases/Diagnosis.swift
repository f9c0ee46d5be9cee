import Bridge
import Testing

extension StoreSuite {
  static let diagnosis = area("diagnosis") {
    StoreCase("the overview tells what is unread and since when, which tasks are open, and which of them are stale") { bench in
      for text in ["one", "two"] { try await bench.send(text) }
      try await bench.insert("old", to: "nobody", at: "'2001-01-31 12:00:00'")
      let (open, taken, stale, done) = (
        try await bench.createTask("open"), try await bench.createTask("taken"), try await bench.createTask("stale"),
        try await bench.createTask("done")
      )
      try await bench.move(taken, to: .inProgress)
      try await bench.move(stale, to: .inProgress, as: Instance(agent: .code, process: .dead))
      try await bench.move(done, to: .completed)
      _ = try await bench.forgetful().take(TakeRequest(agent: .code, limit: 1, instance: bench.code))
      let overview = try await bench.store.overview()
      #expect(overview.agents.map(\.name) == ["code", "cowork"])
      #expect(overview.unread.map(\.agent) == ["code", "nobody"] && overview.unread.map(\.count) == [1, 1])
      let ages = overview.unread.map { $0.oldest ?? -1 }
      #expect(0..<600 ~= ages[0] && ages[1] > 600_000_000)
      #expect(overview.tasks.map(\.task.id) == [open, taken, stale] && overview.openTasks == 3)
      #expect(overview.tasks.map(\.task.stale) == [false, false, true])
      #expect(overview.tasks.allSatisfy { 0..<600 ~= $0.age ?? -1 })
      #expect(overview.leases == 1 && overview.expiredLeases == 1)
    }
    StoreCase("traces of a diagnosis are removed whole, and nothing else") { bench in
      let (first, second) = (Instance(agent: .diagnosis()), Instance(agent: .diagnosis()))
      try await bench.send("stays")
      let task = try await bench.createTask("stays")
      for instance in [first, second] { try await bench.store.heartbeat(instance) }
      _ = try await bench.store.send(NewMessage(sender: first.agent, recipient: second.agent, content: "x", idempotencyKey: "k"))
      _ = try await bench.store.take(TakeRequest(agent: second.agent, instance: second))
      _ = try await bench.store.createTask(NewTask(sender: second.agent, recipient: first.agent, title: "t", description: ""))
      try await bench.store.removeTraces(of: [first.agent, second.agent])
      let kept = ["messages", "tasks", "task_details", "task_events"]
      for table in kept + ["message_details", "leases", "lease_items", "instances", "agents"] {
        #expect(try await bench.valueByHand("SELECT count(*) FROM \(table)") == (kept.contains(table) ? "1" : "0"), "\(table)")
      }
      #expect(try await bench.unread() == ["stays"])
      #expect(try await bench.task(task).history.count == 1)
    }
    StoreCase("traces of other agents cannot be removed") { bench in
      try await bench.send("stays")
      for agents in [[Identity.code], [.diagnosis(), try Identity("doctor-who")]] {
        #expect(await refusal { try await bench.store.removeTraces(of: agents) }?.code == .notAllowed)
      }
      #expect(try await bench.unread() == ["stays"])
    }
    StoreCase("a store that works is found to be ready, and nothing in it is a failure") { bench in
      let diagnosis = await bench.store.diagnose()
      #expect(diagnosis.state == .ready)
      #expect(diagnosis.findings.first?.subject == "store")
      #expect(diagnosis.findings.allSatisfy { $0.verdict != .failure && !$0.found.isEmpty })
    }
  }
}
