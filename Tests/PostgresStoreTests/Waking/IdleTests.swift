import Bridge
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("What an idle agent asks of the database", .timeLimit(.minutes(5)))
struct IdleTests {
  @Test func anIdleAgentHoldsOneConnectionAndShowsThatItIsThere() async throws {
    let database = try await Servers.database()
    let log = WatchedLog()
    let store = try PostgresStore.postgres(database.url, .briefly, log)
    let service = BridgeService(store: store, identity: .code, logger: .silent)
    let presence = Task { await service.run(interval: .milliseconds(20)) }
    async let waiting = service.waitForUpdates(timeoutSeconds: 55)
    await log.hears("listener state=listening")
    // Counted during 30 heartbeats and as many looks: the start used another connection, which is closed when idle.
    let counts = try await database.psql(
      """
      CREATE FUNCTION connections() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_stat_clear_snapshot();
        RETURN (SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid());
      END $$;
      CREATE TABLE seen (connections bigint);
      DO $$ DECLARE last timestamptz; next timestamptz; BEGIN
        FOR attempt IN 1..2000 LOOP
          EXIT WHEN connections() = 1;
          PERFORM pg_sleep(0.01);
        END LOOP;
        FOR sign IN 1..30 LOOP
          FOR attempt IN 1..2000 LOOP
            next := (SELECT max(last_seen) FROM cowork_bridge.instances);
            EXIT WHEN next IS DISTINCT FROM last;
            PERFORM pg_sleep(0.005);
          END LOOP;
          IF next IS NOT DISTINCT FROM last THEN RAISE 'no sign of life'; END IF;
          last := next;
          INSERT INTO seen VALUES (connections());
        END LOOP;
      END $$;
      SELECT DISTINCT connections FROM seen
      """)
    #expect(counts == "1\n")
    try await database.psql("INSERT INTO cowork_bridge.messages (sender, recipient, content) VALUES ('x', 'code', 'end')")
    #expect(try await waiting.messages.map(\.content) == ["end"])
    presence.cancel()
    await presence.value
    await store.close()
  }

  /// The pool has none to give.
  @Test func anAgentThatIsWokenReadsAndConfirmsOverTheConnectionThatListens() async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.briefly
    options.pool.maximumConnections = 1
    let log = WatchedLog()
    let store = try PostgresStore.postgres(database.url, options, log)
    let service = BridgeService(store: store, identity: .code, logger: .silent)
    let waiting = Task { try await service.waitForUpdates(timeoutSeconds: 55) }
    await log.hears("listener state=listening")
    try await store.pool.withConnection { _ in
      try await database.psql(
        "INSERT INTO cowork_bridge.messages (id, sender, recipient, content) VALUES (gen_random_uuid(), 'x', 'code', 'woken')")
      let delivery = try await waiting.value
      #expect(delivery.messages.map(\.content) == ["woken"])
      await service.delivered(delivery.lease)
      #expect(try await database.psql("SELECT count(*) FROM cowork_bridge.message_details WHERE read_at IS NOT NULL") == "1\n")
    }
    await store.close()
  }

  /// No notification arrives while a statement runs, so it must be short.
  @Test func aSignOfLifeThatHasToWaitIsLeftToAnotherConnection() async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.briefly
    options.idleLimit = .milliseconds(100)
    let pair = try Pair(url: database.url, options: options)
    await pair.isListening()
    let instance = Instance(agent: .code)
    try await pair.receiverStore.heartbeat(instance)
    let person = try await PostgresConnection.connect(ConnectionSettings(database.url))
    try await person.execute("BEGIN; UPDATE cowork_bridge.instances SET client = 'mine'")
    async let sign: Void = pair.receiverStore.heartbeat(instance)
    await pair.log.hears("a statement goes to another connection")
    async let received = pair.receive()
    _ = try await pair.sender.send(to: .code, content: "meanwhile")
    #expect(try await received == ["meanwhile"])
    try await person.execute("ROLLBACK")
    try await sign
    await person.close()
    await pair.close()
  }

  /// Somebody may hold a lock on the row of a claimed task.
  @Test func aSignOfLifeDoesNotWaitForAClaimThatIsLocked() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    let instance = Instance(agent: .code)
    let task = NewTask(sender: .cowork, recipient: .code, title: "t", description: "")
    _ = try await store.createTask(task)
    _ = try await store.transitionTask(.init(taskID: task.id, actor: .code, instance: instance, status: .inProgress))
    let heldUntil = "SELECT held_until FROM cowork_bridge.task_details"
    let before = try await database.psql(heldUntil)
    let person = try await PostgresConnection.connect(ConnectionSettings(database.url))
    try await person.execute("BEGIN; UPDATE cowork_bridge.task_details SET creator_news = 1")
    try await store.heartbeat(instance)
    #expect(try await database.psql(heldUntil) == before)
    try await person.execute("COMMIT")
    try await store.heartbeat(instance)
    #expect(try await database.psql(heldUntil) != before)
    await person.close()
    await store.close()
  }
}

extension PostgresStore.Options {
  /// Idle connections close soon, and looks are frequent.
  fileprivate static var briefly: PostgresStore.Options {
    var options = PostgresStore.Options()
    options.pool.idleTimeout = .milliseconds(200)
    (options.blindPoll, options.safetyPoll) = (.milliseconds(20), .milliseconds(40))
    // For a busy machine.
    options.idleLimit = .seconds(30)
    return options
  }
}
