import Bridge
import BridgeTesting
import GRDB
import Testing

@testable import SQLiteStore

@Suite("A large file is as quick as a small one")
struct PlanTests {
  @Test func noVerbScansAllMessagesOrTasks() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      let open = try #require(store.connections.current())
      let statements = Shared(Set<String>())
      let reader = try store.connections.reader(of: open)
      for queue in [open.writer, reader] {
        try await queue.unsafeReentrantWriteAsync { db in
          db.trace { event in
            guard case .statement(let statement) = event else { return }
            let sql = statement.sql
            statements.change { _ = $0.insert(sql) }
          }
        }
      }
      try await useEveryVerb(of: store, database)
      let seen = statements.value.filter { sql in ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"].contains { sql.hasPrefix($0) } }
      #expect(seen.count > 40)
      try await reader.read { db in
        for sql in seen {
          let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
          statement.setUncheckedArguments(StatementArguments())
          let plan = try Row.fetchAll(statement).map { $0["detail"] as String }
          let shown: Comment = "\(sql)\n\(plan.joined(separator: "\n"))"
          #expect(!plan.contains { Self.isScan($0) }, shown)
          // News is found by an index on news or by the task, not among all rows of an agent.
          for (condition, index) in Self.waiting where sql.contains(condition) {
            #expect(plan.contains { $0.contains(index) || $0.contains("task_details_1 (task_id=?)") }, shown)
          }
          // What is held is few of what is unread, in a store of any size.
          for (condition, index) in Self.held where sql.contains(condition) {
            #expect(plan.contains { $0.contains(index) } && !plan.contains { $0.contains("messages_inbox") }, shown)
          }
        }
      }
    }
  }

  private static let waiting = [
    ("d.assignee_news = 1 AND d.assignee", "assignee (assignee=?"),
    ("d.creator_news = 1 AND d.creator", "creator (creator=?"),
    ("WHERE m.recipient = ?1 AND COALESCE(m.read, 0) = 0", "messages_inbox (recipient=? AND <expr>=?"),
    ("NOT IN ('completed', 'failed')", "tasks_open"),
  ]
  private static let held = [("d.kept_for IS NOT NULL OR", "message_details_held"), ("d.reply_to = ?", "message_details_reply")]

  /// A scan of a growing table.
  private static func isScan(_ step: String) -> Bool {
    ["messages", "m", "tasks", "t", "message_details", "task_details", "task_events", "d"].contains { table in
      // These indexes have few rows.
      step == "SCAN \(table)"
        || step.hasPrefix("SCAN \(table) USING") && !["tasks_open", "message_details_held"].contains { step.contains("INDEX \($0)") }
    }
  }

  private func useEveryVerb(of store: SQLiteStore, _ database: Database) async throws {
    let (code, cowork) = (database.code, database.cowork)
    for instance in [code, cowork] { try await store.heartbeat(instance) }
    _ = try await store.createTask(NewTask(id: "t", sender: .code, recipient: .cowork, title: "t", description: "d"))
    for number in 1...3 {
      let message = NewMessage(sender: .cowork, recipient: .code, content: "m \(number)", taskID: "t", idempotencyKey: "k\(number)")
      _ = try await store.send(message)
    }
    let receipt = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "t", description: "d", idempotencyKey: "k"))
    for sender in [nil, "cowork"] {
      let delivery = try await store.take(TakeRequest(agent: .code, sender: sender, includesTasks: true, limit: 1, instance: code))
      if let lease = delivery.lease { try await store.undo(lease) }
    }
    var awaiting = TakeRequest(agent: .code, instance: code)
    awaiting.reply = AwaitedReply(message: "m", lease: "l")
    _ = try await store.take(awaiting)
    let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: code))
    try await store.renew([#require(delivery.lease)])
    try await store.confirm(#require(delivery.lease))
    try await store.recoverExpired()
    for status in [nil, TaskStatus.pending] {
      for role in [TaskRole.assignee, .creator] {
        _ = try await store.tasks(TaskQuery(agent: .code, role: role, status: status, instance: code))
      }
    }
    for status in [TaskStatus.inProgress, .completed] {
      _ = try await store.transitionTask(
        TransitionRequest(taskID: receipt.taskID, actor: .code, instance: code, status: status, result: "r"))
    }
    _ = try await store.task(receipt.taskID, for: .cowork, instance: cowork)
    _ = try await store.unreadCounts(for: .code)
    _ = try await store.agents()
    let id = try #require(delivery.messages.last?.id)
    for given in [id.uppercased(), String(id.prefix(8))] { _ = try await store.message(given, for: .code) }
    _ = try await store.task(String(receipt.taskID.prefix(8)), for: .cowork, instance: nil)
    _ = try await store.send(NewMessage(sender: .code, recipient: .cowork, content: "m", replyTo: String(id.prefix(9))))
    for text in [nil, "m", "3", "?"] {
      for other in [nil, "cowork", "code"] {
        for task in [nil, "t"] {
          _ = try await store.history(HistoryQuery(agent: .code, text: text, with: other, taskID: task, before: id))
        }
      }
    }
    for agent in [nil, "code"] {
      let page = try await store.transcriptPage(TranscriptQuery(agent: agent, limit: 1))
      let places = try [#require(page.older).text, "-1.-1"].map { try TranscriptPlace($0) }
      for start in [.at(id), .before(places[0]), .after(places[1])] as [TranscriptQuery.Start] {
        _ = try await store.transcriptPage(TranscriptQuery(agent: agent, start: start, limit: 1))
      }
    }
    for text in [nil, "m", "?"] { _ = try await store.history(HistoryQuery(agent: nil, text: text, before: id)) }
    for status in [nil, TaskStatus.completed] { _ = try await store.tasks(TaskQuery(agent: nil, status: status)) }
    _ = try await store.write { try TextIndex.addPortion($0) }
    try await store.signOff(code, endsSession: true)
  }
}

extension DatabaseQueue {
  /// Outside a transaction, on either connection.
  fileprivate func unsafeReentrantWriteAsync(_ body: @Sendable @escaping (GRDB.Database) -> Void) async throws {
    await withCheckedContinuation { continuation in
      asyncWriteWithoutTransaction { db in
        body(db)
        continuation.resume()
      }
    }
  }
}
