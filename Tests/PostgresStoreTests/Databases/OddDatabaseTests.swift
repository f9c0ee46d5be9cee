import Bridge
import BridgeTesting
import PostgresTesting
import ProcessTesting
import Testing

@testable import PostgresStore

@Suite("Databases with other defaults, times and encodings", .timeLimit(.minutes(10)))
struct OddDatabaseTests {
  @Test(arguments: ["repeatable read", "serializable"])
  func callsThatStartAtOnceAndCompeteSucceedAtAnyDefaultIsolation(_ level: String) async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      try await database.psql("ALTER DATABASE \(database.name) SET default_transaction_isolation = '\(level)'")
      for round in 1...6 {
        let stores = try (1...5).map { _ in try PostgresStore.postgres(database.url, workspace: Workspace("round-\(round)")) }
        let taken = Shared([String]())
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (number, store) in stores.enumerated() {
            group.addTask {
              let code = Instance(agent: .code)
              for item in 1...4 {
                _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "\(number).\(item)"))
                try await store.heartbeat(code)
                let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: code))
                taken.change { $0 += delivery.messages.compactMap(\.content) }
                if let lease = delivery.lease { try await store.confirm(lease) }
              }
            }
          }
          try await group.waitForAll()
        }
        let rest = try await stores[0].take(TakeRequest(agent: .code, instance: Instance(agent: .code)))
        let all = taken.value + rest.messages.compactMap(\.content)
        #expect(all.count == 20 && Set(all).count == 20)
        let task = try await stores[0].createTask(NewTask(sender: .cowork, recipient: .code, title: "x", description: ""))
        let claims = await withTaskGroup(of: Bool.self) { group in
          for (number, store) in stores.enumerated() {
            group.addTask {
              let instance = Instance(agent: .code, host: "host-\(number)")
              let request = TransitionRequest(taskID: task.taskID, actor: .code, instance: instance, status: .inProgress)
              do { _ = try await store.transitionTask(request) } catch {
                #expect((error as? BridgeError)?.code == .alreadyClaimed, "\(error)")
                return false
              }
              return true
            }
          }
          return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(claims == 1)
        _ = try await stores[0].giveBackSpace()
        for store in stores { await store.close() }
      }
    }
  }

  @Test func aPresenceThatIsNoTimeCountsAsUnknown() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    try await store.heartbeat(Instance(agent: .code))
    for time in ["infinity", "-infinity"] {
      for table in ["agents", "instances"] { try await database.psql("UPDATE cowork_bridge.\(table) SET last_seen = '\(time)'") }
      let code = try await store.agents().first { $0.name == "code" }
      #expect(code?.online == false && code?.lastSeen == nil)
    }
    for seconds in ["infinity", "1e300", "NaN"] {
      try await database.psql("SELECT cowork_bridge.heartbeat('code', 'i', 'h', 'p', NULL, 600, '\(seconds)')")
      #expect(try await database.psql("SELECT processes FROM cowork_bridge.agents('\(seconds)') WHERE name = 'code'") == "{p}\n")
    }
    await store.close()
  }

  @Test func timesThatAreNoneBreakNoCommand() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "with a time"))
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      CREATE TEMPORARY TABLE times AS SELECT * FROM unnest(ARRAY['infinity', '-infinity', '294276-12-31', 'nonsense', '4713-01-01 BC',
        '2026-13-99T99:99:99.999Z', '', NULL]) AS time;
      INSERT INTO messages (id, sender, recipient, content, read, created_at)
        SELECT gen_random_uuid(), 'cowork', 'code', 'odd ' || read, read, time FROM times, generate_series(0, 1) AS read;
      INSERT INTO tasks (id, sender, recipient, title, status, created_at, updated_at)
        SELECT gen_random_uuid(), 'cowork', 'code', 'odd', status, time, time FROM times, unnest(ARRAY['pending', 'completed']) AS status
      """)
    let sandbox = try Sandbox()
    func run(_ arguments: String...) async throws -> String {
      let outcome = try await sandbox.run(arguments, environment: ["COWORK_DATABASE_URL": database.url])
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
      return outcome.output
    }
    #expect(try await run("status", "--json").contains("\"unread_messages\":9"))
    _ = try await run("status")
    #expect(try await run("history", "--as", "code", "--before", "9999-12-31").contains("with a time"))
    #expect(try await run("history", "--as", "code", "odd").contains("odd 1"))
    #expect(try await run("tasks", "list", "--as", "code").contains("odd"))
    #expect(try await run("export").split(separator: "\n").count > 30)
    _ = try await run("export", "--format", "markdown")
    #expect(try await run("copy", "--from", database.url, "--to", sandbox.home + "/copy.db").isEmpty == false)
    _ = try await run("prune", "--older-than", "1d")
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.messages") == "17\n")
    let page = try await store.transcript(of: nil, from: TranscriptStart(last: 50)).next()
    #expect(page.entries.count > 17)
    await store.close()
  }

  @Test(arguments: [("SQL_ASCII", "C"), ("LATIN1", "C"), ("UTF8", "C"), ("UTF8", "C.UTF-8")])
  func doctorSaysWhatDoesNotWorkInAnEncoding(_ encoding: String, _ ctype: String) async throws {
    let database = try await Servers.database()
    try await database.cluster.psql("DROP DATABASE \(database.name)")
    try await database.cluster.psql(
      "CREATE DATABASE \(database.name) TEMPLATE template0 ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE '\(ctype)'")
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "Grüße"))
    let diagnosis = await store.diagnose()
    let found = diagnosis.findings.filter { $0.subject == "encoding" }
    #expect(diagnosis.state == .ready)
    switch (encoding, ctype) {
    case ("UTF8", "C"): #expect(found.count == 1 && found[0].found.contains("ctype is C: search"))
    case ("UTF8", _): #expect(found == [])
    case ("LATIN1", _): #expect(found.count == 2 && found[0].found.contains("LATIN1") && found[0].found.contains("emoji"))
    default: #expect(found.count == 1 && found[0].found.contains("SQL_ASCII") && found[0].found.contains("search"))
    }
    if encoding == "LATIN1" {
      let error = await refusal { try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "\u{1F600}")) }
      #expect(error?.code == .invalidValue && error?.message.contains("LATIN1") == true)
    } else {
      _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "\u{1F600}"))
    }
    let texts = try await store.take(TakeRequest(agent: .code, instance: nil)).messages.map(\.content)
    #expect(texts == (encoding == "LATIN1" ? ["Grüße"] : ["Grüße", "\u{1F600}"]))
    await store.close()
  }
}
