import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("Where notifications do not come, looking now and then replaces them", .timeLimit(.minutes(10)))
struct BlindTests {
  @Test func behindATransactionPoolerAgentsWakeBySecondlyLooksAndTheLogSaysSoOnce() async throws {
    try await Turnstile.shared.pass {
      let url = try await Servers.pooler.value.url(Servers.database())
      // The documented times, but with frequent proofs, all of which fail.
      var options = PostgresStore.Options()
      options.listener.livenessInterval = .milliseconds(50)
      options.listener.selfTestLimit = .milliseconds(100)
      options.listener.selfTestRetry = .milliseconds(50)
      let pair = try Pair(url: url, options: options)
      async let received = pair.receive()
      await pair.log.hears("state=degraded", times: 3)
      let sent = ContinuousClock.now
      _ = try await pair.sender.send(to: .code, content: "through the pooler")
      #expect(try await received == ["through the pooler"])
      // One second, plus what a busy machine adds.
      #expect(ContinuousClock.now - sent < .seconds(4))
      let warnings = pair.log.entries.filter { $0.level >= .warning }
      #expect(warnings.count == 1, "\(warnings)")
      #expect(warnings.first?.text.contains("every 1.0 seconds") == true && warnings.first?.text.contains("pooler") == true)
      await pair.close()
    }
  }

  @Test func whatNoTriggerToldIsFoundByTheSafetyPoll() async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options()
    (options.blindPoll, options.safetyPoll) = (.milliseconds(20), .milliseconds(200))
    let pair = try Pair(url: database.url, options: options)
    await pair.isListening()
    async let received = pair.receive()
    // As during a restore.
    try await database.psql(
      "SET session_replication_role = replica; INSERT INTO cowork_bridge.messages (sender, recipient, content) VALUES ('x', 'code', 'restored')"
    )
    #expect(try await received == ["restored"])
    await pair.close()
  }

  /// As where a proxy has reset the session on its way. More than are counted may wait already.
  @Test(arguments: [0, Limits.countLimit]) func aListenerThatMissesWhatAPollFindsProvesItselfAgain(_ unread: Int) async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.quick
    (options.blindPoll, options.safetyPoll, options.listener.livenessInterval) = (.milliseconds(20), .milliseconds(100), .milliseconds(50))
    let pair = try Pair(url: database.url, options: options)
    let wakeUps = pair.receiver.wakeUps(.waiting)
    await pair.log.hears("listener state=listening")
    try await database.psql(
      "INSERT INTO cowork_bridge.messages (sender, recipient, content) SELECT 'x', 'code', 'x' FROM generate_series(1, \(unread))")
    let listener = try #require(pair.receiverStore.watch.listener)
    _ = try await listener.query("UNLISTEN *", timeout: .seconds(10))
    while pair.log.count(of: "listener state=listening") < 2 { _ = try await pair.sender.send(to: .code, content: "unheard") }
    let channels = try await listener.query("SELECT pg_listening_channels() = cowork_bridge.channel('code')", timeout: .seconds(10))
    #expect(try channels?.only.get(0) == true)
    wakeUps.finish()
    await pair.close()
  }

  @Test func hintsOfAClosedStoreEndAndNothingOfItIsLeft() async throws {
    let database = try await Servers.database()
    let pair = try Pair(url: database.url)
    await pair.isListening()
    let before = pair.receiverStore.wakeUps(for: .code, .waiting)
    await pair.close()
    while await Hints.next(before) != nil {}
    let afterwards = pair.receiverStore.wakeUps(for: .code, .waiting)
    #expect(await Hints.next(afterwards) == nil)
    #expect(await Hints.next(pair.receiverStore.wakeUps(for: .cowork, .waiting)) == nil)
    // Ends when the server has noticed that all of them have gone.
    try await database.hasNoConnections()
  }
}

extension TestDatabase {
  /// Returns when no other session is connected.
  func hasNoConnections() async throws {
    try await cluster.psql(
      """
      DO $$ BEGIN
        FOR attempt IN 1..2000 LOOP
          PERFORM pg_stat_clear_snapshot();
          IF NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = '\(name)') THEN RETURN; END IF;
          PERFORM pg_sleep(0.01);
        END LOOP;
        RAISE 'connections are left';
      END $$
      """)
  }
}
