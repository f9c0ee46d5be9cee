import Bridge
import BridgeTesting
import PostgresTesting
import Testing

@testable import PostgresStore

@Suite("What was inserted while no trigger ran is news like any other", .timeLimit(.minutes(5)))
struct BypassedTriggerTests {
  private static let insertions = """
    SET session_replication_role = replica; SET search_path = cowork_bridge;
    INSERT INTO messages (id, sender, recipient, content) VALUES ('m', 'cowork', 'code', 'unheard');
    INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('open', 'cowork', 'code', 'unheard', 'pending'),
      ('running', 'cowork', 'code', 'unheard', 'in_progress'), ('ended', 'cowork', 'code', 'restored', 'completed'), (NULL, 'cowork', 'code', 'x', '')
    """

  @Test func aWaitingAgentFindsItByThePoll() async throws {
    let database = try await Servers.database()
    var options = PostgresStore.Options.quick
    options.safetyPoll = .milliseconds(200)
    let pair = try Pair(url: database.url, options: options)
    await pair.isListening()
    async let received = pair.receiver.readMessages(waitSeconds: 30)
    try await database.psql(Self.insertions)
    #expect(try await received.messages.map(\.content) == ["unheard"])
    await pair.close()
  }

  @Test func oneOfSeveralReadersTakesItAndItGoesItsWay() async throws {
    let database = try await Servers.database()
    let stores = try (1...4).map { _ in try PostgresStore.postgres(database.url) }
    for store in stores { _ = try await store.agents() }
    for _ in 1...8 {
      try await database.psql("TRUNCATE cowork_bridge.messages, cowork_bridge.tasks, cowork_bridge.task_details, cowork_bridge.task_events")
      try await database.psql(Self.insertions)
      let counts = try await stores[0].unreadCounts(for: .code)
      #expect(counts.messages == 1 && counts.tasks == 2)
      let looked = try await stores[0].take(TakeRequest(agent: .code, includesTasks: true, instance: nil))
      #expect(looked.tasks.map(\.id) == ["open", "running"])
      let taken = try await withThrowingTaskGroup(of: [String].self) { group in
        for store in stores {
          group.addTask {
            let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: Instance(agent: .code)))
            return delivery.messages.compactMap(\.id) + delivery.tasks.compactMap(\.id)
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }.sorted()
      }
      #expect(taken == ["m", "open", "running"])
      #expect(try await stores[0].unreadCounts(for: .code).isEmpty)
    }
    for store in stores { await store.close() }
  }

  /// One that a later task hides from the quick look, and news of a task that was removed.
  @Test func aHeartbeatFindsWhatIsHiddenAndForgetsWhatIsGone() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql(Self.insertions)
    _ = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "after", description: ""))
    try await store.heartbeat(Instance(agent: .code))
    #expect(try await store.unreadCounts(for: .code).tasks == 3)
    try await database.psql("SET session_replication_role = replica; DELETE FROM cowork_bridge.tasks WHERE id = 'open'")
    try await store.heartbeat(Instance(agent: .code))
    #expect(try await store.unreadCounts(for: .code).tasks == 2)
    let taken = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: Instance(agent: .code)))
    #expect(taken.tasks.map(\.title) == ["unheard", "after"])
    await store.close()
  }

  /// Claiming, ending and changing by hand, without its ever having been taken.
  @Test func itCanBeMovedBeforeItWasTold() async throws {
    let database = try await Servers.database()
    let (store, other) = (try PostgresStore.postgres(database.url), try PostgresStore.postgres(database.url))
    _ = try await store.agents()
    try await database.psql(Self.insertions)
    let (code, rival) = (Instance(agent: .code), Instance(agent: .code, process: .current, host: "elsewhere"))
    func move(_ id: String, _ status: TaskStatus, on store: PostgresStore, as instance: Instance) async throws -> BridgeTask {
      try await store.transitionTask(TransitionRequest(taskID: id, actor: .code, instance: instance, status: status))
    }
    for id in ["open", "running"] {
      #expect(try await move(id, .inProgress, on: store, as: code).holder == code.id)
      #expect(await refusal { try await move(id, .inProgress, on: other, as: rival) }?.code == .alreadyClaimed)
    }
    #expect(try await move("open", .completed, on: store, as: code).status == "completed")
    try await database.psql("UPDATE cowork_bridge.tasks SET status = 'failed' WHERE id = 'running'")
    let told = try await store.take(TakeRequest(agent: .cowork, includesTasks: true, instance: Instance(agent: .cowork)))
    #expect(told.tasks.map(\.status) == ["completed", "failed"])
    let history = try await store.task("open", for: .cowork, instance: nil).history
    #expect(history.map(\.to) == ["pending", "in_progress", "completed"] && history.map(\.actor) == [nil, "code", "code"])
    // A change by hand is the first that the bridge hears of this one.
    try await database.psql(
      """
      SET search_path = cowork_bridge; SET session_replication_role = replica;
      INSERT INTO tasks (id, sender, recipient, title, status) VALUES ('late', 'cowork', 'code', 'x', 'pending');
      SET session_replication_role = origin; UPDATE tasks SET status = 'completed' WHERE id = 'late'
      """)
    for agent in [Identity.code, .cowork] {
      let told = try await store.take(TakeRequest(agent: agent, includesTasks: true, instance: Instance(agent: agent)))
      #expect(told.tasks.contains { $0.id == "late" })
    }
    for store in [store, other] { await store.close() }
  }

  /// Pending ones, claimed ones, and one whose claim goes on.
  @Test func aStatusThatWasChangedIsToldToTheCreatorByOneOfItsProcesses() async throws {
    let database = try await Servers.database()
    let stores = try (1...4).map { _ in try PostgresStore.postgres(database.url) }
    let (code, store) = (Instance(agent: .code), stores[0])
    for round in 1...3 {
      var ids = [String]()
      for number in 1...4 {
        let id = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "\(number)", description: "")).taskID
        ids.append(id)
        guard number > 1 else { continue }
        _ = try await store.transitionTask(TransitionRequest(taskID: id, actor: .code, instance: code, status: .inProgress))
      }
      for agent in [Identity.code, .cowork] {
        let told = try await store.take(TakeRequest(agent: agent, includesTasks: true, instance: Instance(agent: agent)))
        try await store.confirm(#require(told.lease))
      }
      try await database.psql(
        """
        SET session_replication_role = replica;
        UPDATE cowork_bridge.tasks SET status = CASE title WHEN '3' THEN 'failed' ELSE 'completed' END, result = 'by hand'
          WHERE title <> '4' AND status IN ('pending', 'in_progress')
        """)
      #expect(try await store.unreadCounts(for: .cowork).isEmpty)
      let told = try await withThrowingTaskGroup(of: [String].self) { group in
        for store in stores {
          group.addTask {
            try await store.recoverExpired()
            let delivery = try await store.take(TakeRequest(agent: .cowork, includesTasks: true, instance: Instance(agent: .cowork)))
            return delivery.tasks.map { "\($0.id ?? "") \($0.status ?? "")" }
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(told.sorted() == ["\(ids[0]) completed", "\(ids[1]) completed", "\(ids[2]) failed"].sorted(), "\(round)")
      let histories = try await ids.asyncMap { try await store.task($0, for: .cowork, instance: nil).history.map(\.to) }
      #expect(histories[0] == ["pending", "completed"] && histories[1] == ["pending", "in_progress", "completed"])
      #expect(histories[2] == ["pending", "in_progress", "failed"] && histories[3] == ["pending", "in_progress"])
    }
    for store in stores { await store.close() }
  }

  /// A task that had ended and ends in another way, and one that is open again.
  @Test func anEndThatWasChangedIsToldToBothSidesOnce() async throws {
    let database = try await Servers.database()
    let stores = try (1...4).map { _ in try PostgresStore.postgres(database.url) }
    let store = stores[0]
    func take(_ agent: Identity, from store: PostgresStore) async throws -> [String] {
      let delivery = try await store.take(TakeRequest(agent: agent, includesTasks: true, instance: Instance(agent: agent)))
      if let lease = delivery.lease { try await store.confirm(lease) }
      return delivery.tasks.map { "\($0.title ?? "") \($0.status ?? "") \($0.result ?? "")" }
    }
    var ids = [String]()
    for title in ["failed later", "opened again", "stays"] {
      let id = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: title, description: "")).taskID
      ids.append(id)
      let code = Instance(agent: .code)
      for status in [TaskStatus.inProgress, .completed] {
        _ = try await store.transitionTask(
          TransitionRequest(taskID: id, actor: .code, instance: code, status: status, result: status == .completed ? "done" : nil))
      }
    }
    for agent in [Identity.code, .cowork] { _ = try await take(agent, from: store) }
    try await database.psql(
      """
      SET session_replication_role = replica; SET search_path = cowork_bridge;
      UPDATE tasks SET status = 'failed', result = 'by hand' WHERE title = 'failed later';
      UPDATE tasks SET status = 'pending' WHERE title = 'opened again'
      """)
    for agent in [Identity.code, .cowork] { #expect(try await store.unreadCounts(for: agent).isEmpty) }
    for _ in 1...2 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for store in stores {
          for agent in [Identity.code, .cowork] { group.addTask { try await store.heartbeat(Instance(agent: agent)) } }
        }
        try await group.waitForAll()
      }
    }
    var told = [Identity: [String]]()
    for store in stores {
      for agent in [Identity.code, .cowork] { told[agent, default: []] += try await take(agent, from: store) }
    }
    #expect(told[.cowork] == ["failed later failed by hand", "opened again pending done"])
    #expect(told[.code] == ["failed later failed by hand"])
    let histories = try await ids.asyncMap { try await store.task($0, for: .cowork, instance: nil).history.map(\.to) }
    let done = ["pending", "in_progress", "completed"]
    #expect(histories == [done + ["failed"], done + ["pending"], done])
    for store in stores { await store.close() }
  }

  /// Neither side's newest hundred have it.
  @Test func alsoOneOfManyIsFoundInTime() async throws {
    let database = try await Servers.database()
    let store = try PostgresStore.postgres(database.url)
    _ = try await store.agents()
    try await database.psql(
      """
      SET search_path = cowork_bridge;
      INSERT INTO tasks (id, sender, recipient, title, status) SELECT n, 'cowork', 'code', n, 'completed' FROM generate_series(1, 400) n;
      UPDATE task_details SET assignee_news = 0, creator_news = 0;
      SET session_replication_role = replica; UPDATE tasks SET status = 'failed' WHERE id = '150'
      """)
    while try await store.unreadCounts(for: .cowork).isEmpty {
      try Task.checkCancellation()
      try await store.heartbeat(Instance(agent: .code))
    }
    for agent in [Identity.code, .cowork] {
      let told = try await store.take(TakeRequest(agent: agent, includesTasks: true, instance: Instance(agent: agent)))
      #expect(told.tasks.map(\.id) == ["150"])
    }
    await store.close()
  }

  @Test func aWaitingCreatorIsWokenByTheNextLookForWhatIsLeft() async throws {
    let database = try await Servers.database()
    let pair = try Pair(url: database.url)
    let task = try await pair.sender.createTask(for: .code, title: "t", description: "").taskID
    let presence = Task { await pair.receiver.run(interval: .milliseconds(100)) }
    async let news = pair.sender.waitForUpdates(timeoutSeconds: 50)
    try await database.psql("SET session_replication_role = replica; UPDATE cowork_bridge.tasks SET status = 'completed'")
    let delivery = try await news
    #expect(delivery.tasks.map(\.id) == [task])
    await pair.sender.delivered(delivery.lease)
    async let more = pair.sender.waitForUpdates(timeoutSeconds: 50)
    try await database.psql("SET session_replication_role = replica; UPDATE cowork_bridge.tasks SET status = 'failed'")
    #expect(try await more.tasks.map(\.status) == ["failed"])
    presence.cancel()
    await pair.close()
  }
}

extension Array {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
    var results = [Result]()
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
