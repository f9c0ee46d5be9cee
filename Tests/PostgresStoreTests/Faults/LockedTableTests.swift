import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

/// Somebody keeps a whole table locked for longer than an instance without heartbeats counts as running.
@Suite("A lock on a table holds up only what needs the table", .timeLimit(.minutes(5)))
struct LockedTableTests {
  @Test func heartbeatsAndTasksGoOnAndEveryCallIsAnswered() async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.quick
    options.timing.presence = .seconds(8)
    options.patience = .seconds(8)
    let (stale, patience) = (options.timing.presence, options.patience)
    let pair = try Pair(url: database.url, options: options)
    let presence = Task { await pair.receiver.run(interval: .milliseconds(200)) }
    await pair.isListening()
    let task = try await pair.sender.createTask(for: .code, title: "t", description: "").taskID
    // Taken and not confirmed yet, as where a client is slow.
    _ = try await pair.sender.send(to: .code, content: "before")
    let delivery = try await pair.receiver.readMessages()
    let blocker = try await Self.blocker(of: database)
    try await blocker.execute("BEGIN; LOCK TABLE cowork_bridge.messages")

    let isLocked = Shared(true)
    let slowest = Shared(Duration.zero)
    let refusals = Shared([BridgeError]())
    let accepted = Shared([String]())
    /// Calls again and again until the lock is gone.
    @Sendable func keepCalling(_ call: @Sendable (_ number: Int) async throws -> Void) async throws {
      var number = 0
      while isLocked.value {
        number += 1
        let start = ContinuousClock.now
        do { try await call(number) } catch let error as BridgeError {
          try Task.checkCancellation()
          refusals.change { $0.append(error) }
        }
        slowest.change { [time = ContinuousClock.now - start] in $0 = max($0, time) }
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 1...4 {
        group.addTask {
          try await keepCalling { number in
            let content = "\(caller) \(number)"
            _ = try await pair.receiver.send(to: .cowork, content: content)
            accepted.change { $0.append(content) }
          }
        }
      }
      group.addTask { try await keepCalling { _ in _ = try await pair.receiver.readMessages() } }
      group.addTask {
        defer { isLocked.change { $0 = false } }
        await pair.receiver.delivered(delivery.lease)
        let observer = try await PostgresConnection.connect(ConnectionSettings(database.url))
        let began = ContinuousClock.now
        var (beats, last, oldest) = (0, 0.0, 0.0)
        while ContinuousClock.now - began < stale * 2 {
          _ = try await pair.receiver.tasks(markSeen: false)
          if beats == 0 {
            _ = try await pair.receiver.updateTask(task, to: .inProgress)
            // Its own reply does without counts, and those of other calls are not waited for.
            let created = try await pair.receiver.createTask(for: .cowork, title: "while locked", description: "")
            #expect(created.unread?.isEmpty == true)
            let counting = ContinuousClock.now
            _ = await #expect(throws: BridgeError.self) { try await pair.receiver.unreadCounts() }
            #expect(ContinuousClock.now - counting < patience)
          }
          let row = try await observer.query(
            """
            SELECT extract(epoch FROM last_seen)::float8, extract(epoch FROM clock_timestamp() - last_seen)::float8
            FROM cowork_bridge.instances WHERE agent = 'code'
            """
          ).only
          let seen: Double = try row.get(0)
          if seen != last { beats += 1 }
          last = seen
          oldest = max(oldest, try row.get(1))
        }
        print("\(beats) heartbeats, the longest pause \(oldest)")
        #expect(oldest < stale.inSeconds)
        await observer.close()
        try await blocker.execute("COMMIT")
      }
      try await group.waitForAll()
    }
    print("slowest \(slowest.value), \(refusals.value.count) refusals")
    #expect(slowest.value < patience + .seconds(1))
    #expect(!refusals.value.isEmpty)
    for error in refusals.value { #expect(["locked", "became free"].contains(where: error.message.contains), "\(error)") }
    let locked = refusals.value.filter { $0.message.contains("locked") }
    let holder = "The server process \(blocker.serverProcessID) (the blocker, user postgres) keeps the table messages in"
    #expect(!locked.isEmpty && locked.allSatisfy { $0.message.contains(holder) }, "\(locked)")

    // What was refused was not written, and what waits is read.
    _ = try await pair.receiver.send(to: .cowork, content: "after")
    #expect(try await pair.sender.readMessages().messages.compactMap(\.content).sorted() == (accepted.value + ["after"]).sorted())
    #expect(try await pair.sender.tasks().tasks.map(\.title) == ["while locked"])
    while try await database.psql("SELECT count(*) FROM cowork_bridge.leases WHERE agent = 'code'") != "0\n" {}
    presence.cancel()
    await blocker.close()
    await pair.close()
  }

  /// Others have transactions open too, later ones, and without a lock that is in the way.
  @Test func whoKeepsRowsLockedIsNamed() async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.quick
    options.patience = .seconds(8)
    let store = try PostgresStore.postgres(database.url, options)
    let task = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "")).taskID
    let (reader, blocker) = (try await Self.blocker(of: database), try await Self.blocker(of: database))
    try await reader.execute("BEGIN; SELECT FROM cowork_bridge.tasks")
    try await blocker.execute("BEGIN; SELECT FROM cowork_bridge.tasks FOR UPDATE")
    let request = TransitionRequest(taskID: task, actor: .code, instance: Instance(agent: .code), status: .inProgress)
    let message = await refusal { try await store.transitionTask(request) }?.message ?? ""
    let holder = "The server process \(blocker.serverProcessID) (the blocker, user postgres) keeps rows of tasks in"
    #expect(message.contains(holder), "\(message)")
    try await blocker.execute("COMMIT")
    #expect(try await store.transitionTask(request).status == "in_progress")
    for connection in [reader, blocker] { await connection.close() }
    await store.close()
  }

  @Test(arguments: [nil, "cowork"]) func aMessageThatSomebodyHasLockedIsLookedForAgain(sender: String?) async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.quick
    options.safetyPoll = .seconds(1_000)
    let pair = try Pair(url: database.url, options: options)
    await pair.isListening()
    _ = try await pair.sender.send(to: .code, content: "locked")
    let blocker = try await Self.blocker(of: database)
    try await blocker.execute("BEGIN; SELECT FROM cowork_bridge.messages FOR UPDATE")
    let hints = pair.receiver.wakeUps(.waiting)
    let delivery = try await pair.receiver.readMessages(from: sender)
    #expect(delivery.isEmpty && delivery.remaining == 1)
    _ = try await pair.receiver.unreadCounts()
    var hint: WakeUp? = []
    while let next = hint, !next.contains(.resync) { hint = await Hints.next(hints) }
    #expect(hint != nil)
    try await blocker.execute("ROLLBACK")
    #expect(try await pair.receive() == ["locked"])
    await blocker.close()
    await pair.close()
  }

  private static func blocker(of database: TestDatabase) async throws -> PostgresConnection {
    var settings = try ConnectionSettings(database.url)
    settings.applicationName = "the blocker"
    return try await PostgresConnection.connect(settings)
  }
}
