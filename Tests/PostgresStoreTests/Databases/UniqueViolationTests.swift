import Bridge
import BridgeTesting
import PostgresTesting
import ProcessTesting
import Testing

@testable import PostgresStore

@Suite("A unique violation says what is not unique", .timeLimit(.minutes(5)))
struct UniqueViolationTests {
  @Test func aSequenceBehindItsTableIsNamedAndDoctorShowsTheRemedy() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    #expect(await store.diagnose().findings.filter { $0.subject == "sequences" } == [])
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO messages (sender, recipient, content, seq) VALUES ('x', 'code', 'by hand', 1);
      INSERT INTO tasks (id, sender, recipient, title, seq) VALUES ('t', 'x', 'code', 'by hand', 1)
      """)
    for error in [
      await refusal { try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x")) },
      await refusal { try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "x", description: "")) },
    ] {
      #expect(error?.code == .storeFailed && error?.message.contains("sequence is behind its rows") == true, "\(String(describing: error))")
    }
    // Each attempt has used a number up, so put the sequences back, as a restore does.
    try await database.psql(
      "SELECT setval('cowork_bridge.messages_seq_seq', 1, false), setval('cowork_bridge.tasks_seq_seq', 1, false)")
    let findings = await store.diagnose().findings.filter { $0.subject == "sequences" }
    #expect(findings.map(\.verdict) == [.failure, .failure])
    for finding in findings { try await database.psql(#require(finding.advice)) }
    #expect(await store.diagnose().findings.filter { $0.subject == "sequences" } == [])
    _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x"))
    _ = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "x", description: ""))
    // The first number that a sequence gives may be a high one.
    try await database.psql("ALTER SEQUENCE cowork_bridge.messages_seq_seq RESTART WITH 1000")
    #expect(await store.diagnose().findings.filter { $0.subject == "sequences" } == [])
    await store.close()
  }

  @Test func aKeyIsFreeOnceItsRowWasRemovedByHandAndTakenUntilThen() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    func send(_ content: String) async throws -> SendReceipt {
      try await store.send(NewMessage(sender: .cowork, recipient: .code, content: content, idempotencyKey: "key"))
    }
    func create(_ title: String) async throws -> String {
      try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: title, description: "", idempotencyKey: "key")).taskID
    }
    let (message, task) = (try await send("a"), try await create("a"))
    let (repeated, again) = (try await send("a"), try await create("a"))
    #expect(repeated.duplicate && repeated.messageID == message.messageID && again == task)
    #expect(await refusal { try await send("b") }?.code == .keyReused)
    #expect(await refusal { try await create("b") }?.code == .keyReused)
    try await database.psql("DELETE FROM cowork_bridge.messages; DELETE FROM cowork_bridge.tasks")
    let (new, other) = (try await send("b"), try await create("b"))
    #expect(new.isNew && new.messageID != message.messageID && other != task)
    await store.close()
  }

  @Test func ofCallsWithOneKeyAtOnceOneWritesAndAllGetItsID() async throws {
    let database = try await Servers.database()
    let stores = try (1...4).map { _ in try PostgresStore.postgres(database.url) }
    for store in stores { _ = try await store.agents() }
    for round in 1...10 {
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for store in stores {
          group.addTask {
            try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x", idempotencyKey: "\(round)")).messageID
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
    }
    #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.messages") == "10\n")
    for store in stores { await store.close() }
  }

  @Test func anIDThatDiffersInCaseOnlyIsTaken() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql(
      """
      INSERT INTO cowork_bridge.messages (id, sender, recipient, content) VALUES ('ABC', 'cowork', 'code', 'by hand');
      INSERT INTO cowork_bridge.tasks (id, sender, recipient, title) VALUES ('ABC', 'cowork', 'code', 'by hand')
      """)
    for call in ["send('cowork', 'code', 'x', message_id => 'abc')", "create_task('cowork', 'code', 'x', task_id => 'abc')"] {
      let error = await #expect(throws: TestingError.self) { try await database.psql("SELECT cowork_bridge.\(call)") }
      #expect(error?.description.contains("has the id \"abc\" already") == true, "\(String(describing: error))")
      #expect(try await database.psql("SELECT is_new FROM cowork_bridge.\(call.replacing("abc", with: "ABC"))") == "f\n")
    }
    await store.close()
  }
}
