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

  private static let rule = "must be the name of an agent, 1 to 63 of a-z, 0-9, ., _ and -, a letter or digit first, and is"

  /// Each is a sentence for whoever types it.
  @Test(arguments: [
    ("send(NULL, 'cowork', 'x')", "sender \(RefusalTests.rule) missing"),
    ("send('The Boss', 'cowork', 'x')", "sender \(RefusalTests.rule) 'The Boss'"),
    ("send_to_all(NULL, 'x')", "sender \(RefusalTests.rule) missing"),
    ("create_task('', 'cowork', 'x')", "creator \(RefusalTests.rule) ''"),
    ("send('code', 'cowork', 'x', 'none')", "the reply_to \"none\" names no message or task of the agent"),
    ("send('code', 'cowork', 'x', task_id => 'none')", "the task_id \"none\" names no message or task of the agent"),
    ("send('code', 'cowork', 'x', 'same-beginning')", "several ids begin with the reply_to \"same-beginning\""),
    (
      "send_to_all('code', 'x', idempotency_key => 'k')",
      "the key \"k\" was used for the message same-beginning-1, which has another content"
    ),
  ])
  func whatTheFunctionsRefuseIsASentence(_ call: String, _ sentence: String) async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql("SELECT cowork_bridge.send('code', 'cowork', 'y', message_id => 'same-beginning-1', idempotency_key => 'k')")
    try await database.psql("SELECT cowork_bridge.send('code', 'cowork', 'y', message_id => 'same-beginning-2')")
    do {
      try await database.psql("SELECT cowork_bridge.\(call)")
      Issue.record("accepted")
    } catch let error as TestingError {
      #expect("\(error)".contains("ERROR:  \(sentence)\n"), "\(error)")
    }
    await store.close()
  }
}
