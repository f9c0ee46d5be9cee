import PostgresTesting
import ProcessTesting
import Testing

@testable import PostgresStore

@Suite struct RefusalTests {
  @Test(arguments: [
    ("content", "repeat('x', 262145)"), ("content", "''"), ("reply_to", "'x', repeat('r', 201)"), ("task_id", "'x', task_id => ''"),
    ("idempotency_key", "'x', idempotency_key => repeat('k', 300)"), ("message_id", "'x', message_id => repeat('i', 201)"),
    ("content", "NULL"),
  ])
  func sendNamesTheValueThatIsWrong(_ field: String, _ arguments: String) async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    do {
      try await database.psql("SELECT cowork_bridge.send('code', 'cowork', \(arguments))")
      Issue.record("sent")
    } catch let error as TestingError {
      let line = "\(error)".split(separator: "\n").first { $0.contains("ERROR") }.map(String.init) ?? "\(error)"
      #expect(line.contains("\(field) "))
      for other in ["content", "reply_to", "task_id", "idempotency_key", "message_id"] where other != field {
        #expect(!line.contains(other))
      }
    }
    await store.close()
  }
}
