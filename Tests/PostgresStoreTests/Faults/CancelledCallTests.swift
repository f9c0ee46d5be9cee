import Bridge
import BridgeTesting
import PostgresTesting
import Testing

@testable import PostgresClient
@testable import PostgresStore

@Suite("A call that is cancelled before it began writes nothing", .timeLimit(.minutes(2)))
struct CancelledCallTests {
  /// All connections are in use by calls that somebody's lock blocks.
  @Test func whileItWaitsForAConnection() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    let pool = store.pool
    let task = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "before", description: "")).taskID
    let blocker = try await PostgresConnection.connect(ConnectionSettings(database.url))
    try await blocker.execute("SELECT pg_advisory_lock(1)")
    let blocked = (1...pool.configuration.maximumConnections).map { _ in
      Task { _ = try await pool.query("SELECT pg_advisory_xact_lock_shared(1)") }
    }
    let waiting = """
      SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
      """
    while try await blocker.query(waiting).only.get(0) < blocked.count { try Task.checkCancellation() }

    let calls = [
      Task { _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "x")) },
      Task { _ = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "x", description: "")) },
      Task {
        _ = try await store.transitionTask(
          TransitionRequest(taskID: task, actor: .code, instance: Instance(agent: .code), status: .inProgress))
      },
    ]
    while pool.waiterCount < calls.count, !Task.isCancelled { await Task.yield() }
    for call in calls { call.cancel() }
    try await blocker.execute("SELECT pg_advisory_unlock(1)")
    for call in blocked { try await call.value }
    for call in calls { await #expect(throws: BridgeError.cancelled) { try await call.value } }
    #expect(try await store.take(TakeRequest(agent: .code, instance: nil)).messages.isEmpty)
    let tasks = try await store.tasks(TaskQuery(agent: .code, instance: nil)).tasks
    #expect(tasks.map(\.title) == ["before"] && tasks.map(\.status) == ["pending"])
    await blocker.close()
    await store.close()
  }
}
