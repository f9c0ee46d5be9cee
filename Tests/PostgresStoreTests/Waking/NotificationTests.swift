import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("Notifications wake at once", .timeLimit(.minutes(10)))
struct NotificationTests {
  @Test func aRowTypedIntoPsqlWakesAWaitingAgentInMilliseconds() async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let pair = try Pair(url: database.url, options: .byNotificationOnly)
      await pair.isListening()
      let clock = ContinuousClock()
      var latencies: [Duration] = []
      for round in 1...20 {
        async let received = pair.receive()
        let committed = try await database.psql(
          """
          SET search_path = cowork_bridge;
          INSERT INTO messages (id, sender, recipient, content, read, created_at)
            VALUES (gen_random_uuid(), 'cowork', 'code', '\(round)', 0, now());
          """)
        let sent = clock.now
        #expect(committed.isEmpty)
        try #require(try await received == ["\(round)"])
        latencies.append(clock.now - sent)
        // Before the final look at the end of the wait.
        try #require(clock.now - sent < .seconds(15))
      }
      // From the end of psql: the wake-up may even come before it.
      print("psql row -> wake, after psql has ended: median \(latencies.sorted()[10]), worst \(latencies.max() ?? .zero)")
      #expect(latencies.sorted()[10] < .seconds(2))
      await pair.close()
    }
  }

  @Test(arguments: [ConnectionMode.unixSocket, .tcp, .tls])
  func aMessageWakesAWaitingAgentInMilliseconds(_ mode: ConnectionMode) async throws {
    try await Turnstile.shared.pass {
      let pair = try Pair(url: try await mode.url(Servers.database()), options: .byNotificationOnly)
      await pair.isListening()
      var latencies: [Duration] = []
      for round in 1...50 {
        async let received = pair.receive()
        _ = try await pair.sender.send(to: .code, content: "\(round)")
        let sent = ContinuousClock.now
        try #require(try await received == ["\(round)"])
        latencies.append(ContinuousClock.now - sent)
        try #require(ContinuousClock.now - sent < .seconds(15))
      }
      print("send -> read by the waiting agent, \(mode.rawValue): median \(latencies.sorted()[25]), worst \(latencies.max() ?? .zero)")
      #expect(latencies.sorted()[25] < .seconds(2))
      await pair.close()
    }
  }

  @Test func payloadsAndChannelsCarryNoContentAndNoNames() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url, workspace: Workspace("secret-project"))
    try await store.addAgent(Identity("reviewer"))
    let schema = WorkspaceSchema(try Workspace("secret-project")).name
    let channels = try await database.psql(
      "SELECT \"\(schema)\".channel_of('\(schema)', a) FROM unnest(ARRAY['code', 'cowork', 'reviewer']) a"
    )
    .split(separator: "\n").map(String.init)
    #expect(Set(channels).count == 3)
    let connection = try await PostgresConnection.connect(ConnectionSettings(database.url))
    for channel in channels { try await connection.execute("LISTEN \(channel)") }
    let task = NewTask(sender: .cowork, recipient: .code, title: "secret title", description: "secret text")
    _ = try await store.send(NewMessage(sender: .cowork, recipient: try Identity("reviewer"), content: "secret words"))
    _ = try await store.createTask(task)
    _ = try await store.transitionTask(
      TransitionRequest(taskID: task.id, actor: .code, instance: Instance(agent: .code), status: .completed, result: "secret result"))
    var heard: [PostgresNotification] = []
    for await notification in connection.notifications {
      heard.append(notification)
      // The message, the new task, and its end for both sides.
      if heard.count == 4 { break }
    }
    for notification in heard {
      #expect(["messages", "tasks"].contains(notification.payload))
      #expect(notification.channel.wholeMatch(of: /cowork_[0-9a-f]{24}/) != nil)
    }
    #expect(Set(heard.map(\.channel)) == Set(channels))
    await connection.close()
    await store.close()
  }

  @Test func oneStatementNotifiesEachRecipientOnceAndNobodyElse() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    let connection = try await PostgresConnection.connect(ConnectionSettings(database.url))
    let channels = try await database.psql("SELECT cowork_bridge.channel_of('cowork_bridge', a) FROM unnest(ARRAY['code', 'cowork']) a")
      .split(separator: "\n").map(String.init)
    for channel in channels + ["finished"] { try await connection.execute("LISTEN \(channel)") }
    try await database.psql(
      "INSERT INTO cowork_bridge.messages (sender, recipient, content) SELECT 'x', 'code', n::text FROM generate_series(1, 100) n; ")
    try await database.psql("UPDATE cowork_bridge.messages SET read = 1; NOTIFY finished")
    var heard: [String] = []
    for await notification in connection.notifications {
      if notification.channel == "finished" { break }
      heard.append(notification.channel)
    }
    #expect(heard == [channels[0]])
    await connection.close()
    await store.close()
  }

  @Test func whoeverFollowsAllAgentsIsWokenByMessagesAndChangesOfTasks() async throws {
    let database = try await Servers.database()
    let log = WatchedLog()
    let store = try PostgresStore.postgres(database.url, .byNotificationOnly, log)
    _ = try await store.agents()
    let wakeUps = store.wakeUpsForAll()
    await log.hears("listener state=listening")
    // That it has connected.
    #expect(await Hints.next(wakeUps) != nil)
    for statement in [
      "INSERT INTO cowork_bridge.messages (sender, recipient, read) VALUES ('x', 'y', 1)",
      "INSERT INTO cowork_bridge.tasks (id, sender, recipient, status) VALUES ('t', 'x', 'y', 'pending')",
      "UPDATE cowork_bridge.tasks SET status = 'failed'",
    ] {
      try await database.psql(statement)
      #expect(await Hints.next(wakeUps) != nil, "\(statement)")
    }
    await store.close()
  }

  @Test func aSecondAgentOfTheStoreHasAListenerOfItsOwn() async throws {
    let database = try await Servers.database()
    let pair = try Pair(url: database.url)
    let (code, cowork) = (pair.receiverStore.wakeUps(for: .code, .waiting), pair.receiverStore.wakeUps(for: .cowork, .waiting))
    await pair.log.hears("listener state=listening", times: 2)
    _ = try await pair.senderStore.send(NewMessage(sender: .code, recipient: .cowork, content: "to cowork"))
    let found = try await Hints.until(cowork) { try await pair.senderStore.unreadCounts(for: .cowork).messages == 1 ? true : nil }
    #expect(found == true)
    withExtendedLifetime(code) {}
    await pair.close()
  }
}

extension PostgresStore.Options {
  /// Polling is off, so every wake-up is a notification. The bounds are for a busy machine.
  fileprivate static var byNotificationOnly: PostgresStore.Options {
    var options = PostgresStore.Options.quick
    (options.blindPoll, options.safetyPoll) = (.seconds(1_000), .seconds(1_000))
    return options
  }
}
