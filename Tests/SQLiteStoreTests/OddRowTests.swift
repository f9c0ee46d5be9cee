import Bridge
import BridgeTesting
import Foundation
import SQLiteStore
import Testing

/// Hand-typed rows are shown unchanged and never crash a reader.
@Suite("Rows with odd values")
struct OddRowTests {
  static let oddValues = [
    "NULL", "''", "42", "-1", "3.5", "9223372036854775807", "x''", "x'00'", "x'FF'", "x'68C3A4'", "CAST(x'FF41' AS TEXT)",
    "CAST(x'410042' AS TEXT)", "char(0xD800)", "'x'", "zeroblob(70000)", "randomblob(3000)", "hex(zeroblob(200000))",
  ]
  static let messageColumns = ["id", "sender", "content", "read", "created_at"]
  static let taskColumns = ["id", "sender", "title", "description", "status", "created_at", "updated_at", "result"]

  /// Calls every verb that reads, as the row's agent. Returns what was taken.
  private func readEverything(_ store: SQLiteStore, as me: Instance) async throws {
    _ = try await store.history(HistoryQuery(agent: .code))
    _ = try await store.history(HistoryQuery(agent: .code, text: "word"))
    _ = try await store.history(HistoryQuery(agent: .code, text: "->"))
    _ = try await store.history(HistoryQuery(agent: .code, before: "2030-01-01"))
    for id in ["x", "42", "X'FF'", "", "hä"] { _ = try await store.message(id, for: .code) }
    _ = try await store.unreadCounts(for: .code)
    _ = try await store.agents()
    for role in TaskRole.allCases {
      _ = try await store.tasks(TaskQuery(agent: .code, role: role))
      _ = try await store.tasks(TaskQuery(agent: .code, role: role, status: .pending))
    }
    _ = try await store.recoverExpired()
  }

  @Test(arguments: messageColumns, oddValues)
  func aMessageWithAnyValueInAnyColumnIsShownTakenReturnedAndTakenAgain(column: String, value: String) async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      var values = ["id": "'usual'", "sender": "'cowork'", "content": "'word'", "read": "0", "created_at": "datetime('now')"]
      values[column] = value
      try await database.shell.run(
        "INSERT INTO messages (recipient, \(Self.messageColumns.joined(separator: ", "))) VALUES ('code', "
          + Self.messageColumns.map { values[$0] ?? "" }.joined(separator: ", ") + ")")
      let after = try await store.send("after")
      try await readEverything(store, as: database.code)
      // A text of zeros is the number zero in this column.
      let isUnread = column != "read" || ["NULL", "hex(zeroblob(200000))"].contains(value)
      let expected = isUnread ? 2 : 1
      let request = TakeRequest(agent: .code, characters: .max, instance: database.code)
      let first = try await store.take(request)
      #expect(first.messages.count == expected && first.messages.last?.id == after.messageID)
      try await store.undo(#require(first.lease))
      let second = try await store.take(request)
      #expect(second.messages == first.messages)
      try await store.confirm(#require(second.lease))
      #expect(try await store.take(request).isEmpty)
    }
  }

  @Test(arguments: taskColumns, oddValues)
  func aTaskWithAnyValueInAnyColumnIsShownAndToldAndDoesNotHideTheNext(column: String, value: String) async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      var values = [
        "id": "'usual'", "sender": "'cowork'", "title": "'t'", "description": "'d'", "status": "'pending'",
        "created_at": "datetime('now')", "updated_at": "NULL", "result": "NULL",
      ]
      values[column] = value
      try await database.shell.run(
        "INSERT INTO tasks (recipient, \(Self.taskColumns.joined(separator: ", "))) VALUES ('code', "
          + Self.taskColumns.map { values[$0] ?? "" }.joined(separator: ", ") + ")")
      let after = try await store.createTask(NewTask(sender: .cowork, recipient: .code, title: "after", description: "")).taskID
      try await readEverything(store, as: database.code)
      #expect(try await store.tasks(TaskQuery(agent: .code, characters: .max)).tasks.count == 2)
      // A task without an id cannot be news.
      let expected = column == "id" && value == "NULL" ? 1 : 2
      let request = TakeRequest(agent: .code, includesTasks: true, characters: .max, instance: database.code)
      #expect(try await store.unreadCounts(for: .code).tasks == expected)
      let first = try await store.take(request)
      #expect(first.tasks.count == expected && first.tasks.last?.id == after)
      try await store.undo(#require(first.lease))
      let second = try await store.take(request)
      #expect(second.tasks == first.tasks)
      try await store.confirm(#require(second.lease))
      #expect(try await store.take(request).isEmpty)
      #expect(try await store.unreadCounts(for: .code).tasks == 0)
    }
  }

  /// The own tables, with the values that a damaged row may have.
  @Test(arguments: [
    "leases", "lease_items", "agents", "instances", "message_details", "task_details", "task_events", "message_index_state",
  ])
  func aDamagedRowOfOurTablesFailsNobodysRead(table: String) async throws {
    try await withDatabase { database in
      var store = try await database.openStore()
      try await store.heartbeat(database.cowork)
      try await store.heartbeat(database.code)
      let task = NewTask(sender: .cowork, recipient: .code, title: "t", description: "")
      for _ in 1...2 { _ = try await store.createTask(task) }
      let id = try await store.createTask(task).taskID
      _ = try await store.transitionTask(TransitionRequest(taskID: id, actor: .code, instance: database.code, status: .inProgress))
      for content in ["word", "taken"] { _ = try await store.send(content) }
      _ = try await store.take(TakeRequest(agent: .code, includesTasks: true, limit: 1, instance: database.code))
      await store.close()
      try FileManager.default.copyItem(atPath: database.path, toPath: database.path + ".good")
      let columns = try await database.shell.rows("SELECT name FROM pragma_table_info('\(table)')").compactMap { $0[0] }
      #expect(!columns.isEmpty)
      for column in columns {
        for value in ["NULL", "''", "-1", "3.5", "x'FF00'", "CAST(x'FF41' AS TEXT)", "'9999-99-99'"] {
          try? FileManager.default.removeItem(atPath: database.path)
          try FileManager.default.copyItem(atPath: database.path + ".good", toPath: database.path)
          // Some values are refused.
          _ = try? await database.shell.run("UPDATE OR IGNORE \(table) SET \(column) = \(value)")
          store = try await database.openStore()
          let after = try await store.send("after")
          try await readEverything(store, as: database.code)
          let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: database.code))
          #expect(delivery.messages.contains { $0.id == after.messageID }, "\(column) = \(value)")
          try await store.undo(#require(delivery.lease))
          try await store.heartbeat(database.code)
          await store.close()
        }
      }
    }
  }

  @Test func agentNamesThatAreNotTextDoNotCrashTheList() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      try await database.shell.run("INSERT INTO agents (name, added_at) VALUES (x'FF00', 1), (7, x'FF'), ('The Boss', '')")
      #expect(try await store.agents().map(\.name) == ["7", "The Boss", "X'FF00'", "code", "cowork"])
      let message = try NewMessage(sender: .code, recipient: Identity("nobody"), content: "c")
      await #expect(throws: BridgeError.self) { try await store.send(message) }
      #expect(try await store.send("still works").isNew)
    }
  }

  @Test func textsWithANULAreShownWhole() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      let text = "'before' || char(0) || 'after'"
      try await database.shell.run("INSERT INTO messages (id, sender, recipient, content) VALUES ('m', 'cowork', 'code', \(text))")
      try await database.shell.run(
        "INSERT INTO tasks (id, sender, recipient, title, result) VALUES ('t', 'cowork', 'code', \(text), \(text))")
      let delivery = try await store.take(TakeRequest(agent: .code, includesTasks: true, instance: database.code))
      #expect(delivery.messages.map(\.content) == ["before\0after"])
      #expect(delivery.tasks.map(\.title) == ["before\0after"] && delivery.tasks.map(\.result) == ["before\0after"])
      #expect(try await store.message("m", for: .code)?.content == "before\0after")
    }
  }

  @Test func messagesWhoseIdsLookAlikeAsTextAreNotLost() async throws {
    try await withDatabase { database in
      let store = try await database.openStore()
      for (number, id) in ["NULL", "NULL", "CAST(x'FF' AS TEXT)", "CAST(x'FE' AS TEXT)", "x'EFBFBD'", "char(65533)"].enumerated() {
        try await database.shell.run("INSERT INTO messages (id, sender, recipient, content) VALUES (\(id), 'cowork', 'code', '\(number)')")
      }
      var leases = [String]()
      for content in ["0", "1", "2", "3", "4", "5"] {
        let delivery = try await store.take(TakeRequest(agent: .code, limit: 1, instance: database.code))
        #expect(delivery.messages.map(\.content) == [content])
        try leases.append(#require(delivery.lease))
      }
      // One at a time, because some share bytes or text with another.
      for (number, lease) in leases.enumerated() {
        try await store.undo(lease)
        #expect(try await store.look() == ["\(number)"])
        try await database.shell.run("DELETE FROM messages WHERE content = '\(number)'")
      }
    }
  }
}
