import Bridge
import BridgeTesting
import PostgresClient
import PostgresTesting
import Synchronization
import Testing

@testable import PostgresStore

/// Without TLS, so that the proxy can read along. The connection is reset after the server has run a statement, before its answer arrives.
@Suite("A verb whose outcome is unknown is repeated, and happens once", .timeLimit(.minutes(10)))
struct UnknownOutcomeTests {
  @Test func sendingHappensOnceAndIsNoDuplicateForTheCaller() async throws {
    try await withBench(repeats: 2) { bench in
      await bench.proxy.cutReplies(after: "once")
      let receipt = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "once"))
      #expect(!receipt.duplicate)
      await bench.proxy.cutReplies(after: "twice")
      let keyed = NewMessage(sender: .cowork, recipient: .code, content: "twice", idempotencyKey: "k")
      #expect(try await !bench.store.send(keyed).duplicate)
      #expect(try await bench.contents() == ["once", "twice"])
    }
  }

  @Test func creatingATaskHappensOnce() async throws {
    try await withBench(repeats: 1) { bench in
      await bench.proxy.cutReplies(after: ".create_task(")
      let receipt = try await bench.store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: ""))
      let report = try await bench.store.task(receipt.taskID, for: .cowork, instance: nil)
      #expect(receipt.status == "pending" && report.history.count == 1)
      #expect(try await bench.database.psql("SELECT count(*) FROM cowork_bridge.tasks") == "1\n")
    }
  }

  @Test func whatWasTakenUnheardComesWithTheSameCall() async throws {
    try await withBench(repeats: 1) { bench in
      for content in ["1", "2"] { _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: content)) }
      let task = try await bench.createTask()
      await bench.proxy.cutReplies(after: ".take(")
      let delivery = try await bench.store.take(TakeRequest(agent: .code, includesTasks: true, instance: bench.code))
      #expect(delivery.messages.map(\.content) == ["1", "2"] && delivery.messages.allSatisfy { !$0.redelivered })
      #expect(delivery.tasks.map(\.id) == [task] && delivery.remaining == 0)
      #expect(try await bench.database.psql("SELECT count(*) FROM cowork_bridge.leases") == "1\n")
    }
  }

  /// Over a pool connection, then over the listener.
  @Test func messagesThatWereTakenUnheardComeWithTheSameCall() async throws {
    try await withBench(repeats: 2) { bench in
      for content in ["1", "2"] {
        let wakeUps = content == "2" ? bench.store.wakeUps(for: .code, .waiting) : nil
        if wakeUps != nil { await bench.log.hears("listener state=listening") }
        _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: content))
        await bench.proxy.cutReplies(after: ".take(")
        let delivery = try await bench.store.take(TakeRequest(agent: .code, instance: bench.code))
        #expect(delivery.messages.map(\.content) == [content] && delivery.messages.first?.redelivered == false)
        #expect(try await bench.database.psql("SELECT id FROM cowork_bridge.leases") == "\(delivery.lease ?? "")\n")
        try await bench.store.confirm(#require(delivery.lease))
        wakeUps?.finish()
      }
    }
  }

  /// The connection is lost after the server has chosen the message, and before it has written the lease.
  @Test func aRepeatWaitsForAnAttemptThatStillRuns() async throws {
    try await withBench(repeats: 1) { bench in
      _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "chosen"))
      // Only the first that comes waits for the person.
      try await bench.database.psql(
        """
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF pg_try_advisory_xact_lock(1) THEN PERFORM pg_advisory_xact_lock(2); END IF; RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE INSERT ON cowork_bridge.leases FOR EACH ROW EXECUTE FUNCTION hold()
        """)
      let person = try await PostgresConnection.connect(ConnectionSettings(bench.database.url))
      try await person.query("SELECT pg_advisory_lock(2)")
      let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
      let answered = Counter()
      async let taken = {
        defer { answered.count.add(1, ordering: .relaxed) }
        return try await bench.store.take(TakeRequest(agent: .code, instance: bench.code))
      }()
      while try await person.query(waiting).only.get(0, as: Int.self) == 0 {}
      await bench.proxy.cut()
      while answered.count.load(ordering: .relaxed) == 0, try await person.query(waiting).only.get(0, as: Int.self) < 2 {}
      await person.close()
      let delivery = try await taken
      #expect(delivery.messages.map(\.content) == ["chosen"])
      #expect(try await bench.database.psql("SELECT id FROM cowork_bridge.leases") == "\(delivery.lease ?? "")\n")
    }
  }

  @Test func aListOfTasksIsLeasedOnce() async throws {
    try await withBench(repeats: 1) { bench in
      let task = try await bench.createTask()
      await bench.proxy.cutReplies(after: ".tasks(")
      let page = try await bench.store.tasks(TaskQuery(agent: .code, instance: bench.code))
      #expect(page.tasks.map(\.id) == [task] && page.lease != nil)
      #expect(try await bench.database.psql("SELECT count(*) FROM cowork_bridge.leases") == "1\n")
    }
  }

  @Test func confirmingAndUndoingHappenOnce() async throws {
    try await withBench(repeats: 2) { bench in
      _ = try await bench.store.send(NewMessage(sender: .cowork, recipient: .code, content: "1"))
      let first = try #require(try await bench.store.take(TakeRequest(agent: .code, instance: bench.code)).lease)
      await bench.proxy.cutReplies(after: ".undo(")
      try await bench.store.undo(first)
      #expect(try await bench.contents() == ["1"])
      let second = try #require(try await bench.store.take(TakeRequest(agent: .code, instance: bench.code)).lease)
      await bench.proxy.cutReplies(after: ".confirm(")
      try await bench.store.confirm(second)
      #expect(try await bench.contents().isEmpty)
    }
  }

  /// Each move is repeated after it has succeeded: claim, end, end by the creator.
  @Test func movingATaskIsRecordedOnceAndIsNoError() async throws {
    try await withBench(repeats: 4) { bench in
      let (done, ended) = (try await bench.createTask(), try await bench.createTask())
      let moves: [(String, TaskStatus, Instance, String?)] = [
        (done, .inProgress, bench.code, nil), (done, .inProgress, bench.code, "half"), (done, .completed, bench.code, "all"),
        (ended, .failed, bench.cowork, "not needed"),
      ]
      for (task, status, instance, result) in moves {
        await bench.proxy.cutReplies(after: ".change_task(")
        #expect(try await bench.move(task, status, instance, result).status == status.rawValue)
      }
      let history = try await bench.store.task(done, for: .code, instance: nil).history
      #expect(history.map(\.to) == ["pending", "in_progress", "in_progress", "completed"])
      #expect(try await bench.store.task(ended, for: .code, instance: nil).history.count == 2)
    }
  }

  @Test func takingOverAndALateResultAreRecordedOnce() async throws {
    try await withBench(repeats: 2) { bench in
      let task = try await bench.createTask()
      let first = Instance(agent: .code, process: ProcessIdentity(scope: "elsewhere", pid: 1, start: "1"))
      _ = try await bench.move(task, .inProgress, first, nil)
      try await bench.store.signOff(first, endsSession: true)
      // The values of a statement are sent each time, its text only until it is prepared.
      await bench.proxy.cutReplies(after: "taken over")
      #expect(try await bench.move(task, .inProgress, bench.code, nil).holder == bench.code.id)
      _ = try await bench.move(task, .completed, bench.code, "mine")
      await bench.proxy.cutReplies(after: "refused result")
      let error = await refusal { try await bench.move(task, .completed, first, "late") }
      #expect(error?.code == .wrongStatus && error?.message.contains("recorded") == true)
      let notes = try await bench.store.task(task, for: .code, instance: nil).history.compactMap(\.note)
      #expect(notes.filter { $0.contains("late") }.count == 1 && notes.filter { $0.contains("taken over") }.count == 1)
    }
  }

  /// A call that is ended or cancelled while it waits for the standby has committed nevertheless, and says so only if it was ended.
  /// What the repeat finds would be lost with the primary.
  @Test(arguments: StandbyVerb.allCases)
  func aRepeatWaitsForTheStandbyLikeTheFirstAttempt(verb: StandbyVerb) async throws {
    try await Turnstile.shared.pass {
      // There is none, and only this call waits for it.
      let cluster = try await PostgresCluster.start(
        .init(configuration: ["synchronous_commit = local", "synchronous_standby_names = '*'"]))
      let database = try await cluster.createDatabase()
      let first = try PostgresStore.postgres(database.url)
      _ = try await first.send(NewMessage(sender: .cowork, recipient: .code, content: "there"))
      await first.close()
      let url = database.url(port: cluster.port, parameters: "options=-csynchronous_commit%3Don")
      let store = try PostgresStore.postgres(url, .init(patience: .seconds(300)))
      let answered = Counter()
      let call = Task {
        defer { answered.count.add(1, ordering: .relaxed) }
        try await verb.run(on: store)
      }
      for _ in 1...2 {
        // Of an attempt whose connection was given up, too.
        while try await database.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "0\n" {
          let count = answered.count.load(ordering: .relaxed)
          try #require(count == 0)
        }
        try await database.terminate(where: "wait_event = 'SyncRep'")
      }
      let count = answered.count.load(ordering: .relaxed)
      #expect(count == 0)
      try await cluster.psql("ALTER SYSTEM SET synchronous_standby_names = ''")
      try await cluster.psql("SELECT pg_reload_conf()")
      try await call.value
      await store.close()
      await cluster.destroy()
    }
  }

  /// A take that waits for the standby until the time of its call is over.
  @Test func whatACallTookThatFailedIsGivenBackBeforeItsLeaseExpires() async throws {
    try await Turnstile.shared.pass {
      let cluster = try await PostgresCluster.start(
        .init(configuration: ["synchronous_commit = local", "synchronous_standby_names = '*'"]))
      let database = try await cluster.createDatabase()
      let first = try PostgresStore.postgres(database.url)
      _ = try await first.send(NewMessage(sender: .cowork, recipient: .code, content: "there"))
      await first.close()
      let url = database.url(port: cluster.port, parameters: "options=-csynchronous_commit%3Don")
      let store = try PostgresStore.postgres(url, .init(patience: .seconds(3)))
      let error = await refusal { try await CallStart.with(.now) { try await StandbyVerb.take.run(on: store) } }
      #expect(error?.code == .storeUnavailable)
      while try await database.psql("SELECT count(*) FROM cowork_bridge.leases") != "0\n" {
        let isGood = try await database.psql("SELECT bool_and(expires_at > clock_timestamp()) FROM cowork_bridge.leases")
        try #require(isGood != "f\n")
      }
      #expect(try await database.psql("SELECT read FROM cowork_bridge.messages") == "0\n")
      await store.close()
      await cluster.destroy()
    }
  }

  private func withBench(repeats: Int, _ body: @Sendable (ProxiedBench) async throws -> Void) async throws {
    try await Turnstile.shared.pass {
      let database = try await Servers.database()
      let proxy = try FaultProxy(to: database.cluster.port)
      let log = WatchedLog()
      let store = try PostgresStore.postgres(database.url(port: proxy.port, parameters: "sslmode=disable"), .quick, log)
      // What a test looks for may stand in the migrations.
      _ = try await store.agents()
      try await body(ProxiedBench(database: database, proxy: proxy, store: store, log: log))
      #expect(log.count(of: "a verb is repeated") == repeats)
      await store.close()
      await proxy.close()
    }
  }
}

enum StandbyVerb: CaseIterable {
  case take, send, createTask

  fileprivate func run(on store: PostgresStore) async throws {
    switch self {
    case .take: _ = try await store.take(TakeRequest(agent: .code, instance: Instance(agent: .code)))
    case .send: _ = try await store.send(NewMessage(sender: .cowork, recipient: .code, content: "new"))
    case .createTask: _ = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: ""))
    }
  }
}

private final class Counter: Sendable {
  let count = Atomic(0)
}

private struct ProxiedBench: Sendable {
  let database: TestDatabase
  let proxy: FaultProxy
  let store: PostgresStore
  let log: WatchedLog
  let code = Instance(agent: .code)
  let cowork = Instance(agent: .cowork)

  func createTask() async throws -> String {
    try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "")).taskID
  }

  func move(_ task: String, _ status: TaskStatus, _ instance: Instance, _ result: String?) async throws -> BridgeTask {
    try await store.transitionTask(
      TransitionRequest(taskID: task, actor: instance.agent, instance: instance, status: status, result: result))
  }

  /// What `code` has not read.
  func contents() async throws -> [String] {
    try await store.take(TakeRequest(agent: .code, instance: nil)).messages.compactMap(\.content)
  }
}
